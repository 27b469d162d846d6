// A real browser for tests: Debian's Chromium without a window, with WebGPU on a software adapter.
// deno-lint-ignore no-import-prefix
import { type Browser, launch, type Page } from "npm:puppeteer-core@25.16.0";

export type { Page };

/** Where Chromium may be. */
const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The path of Chromium; `undefined` if there is none. */
export const chromium: string | undefined = PLACES.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** Opens Chromium. */
export function openChromium(): Promise<Browser> {
  return launch({
    executablePath: chromium!,
    headless: true,
    timeout: 120_000,
    // Operations take minutes on a software adapter.
    protocolTimeout: 1_200_000,
    // Tabs out of sight are held back as in a browser that is used, and soon as if for minutes.
    ignoreDefaultArgs: [
      "--disable-background-timer-throttling",
      "--disable-backgrounding-occluded-windows",
      "--disable-renderer-backgrounding",
    ],
    args: [
      "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1",
      "--no-sandbox",
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      "--disable-gpu-watchdog",
    ],
  });
}

/**
 * Opens a page, and gathers whatever it complains of.
 *
 * @param faults gets errors of the console and of the page
 */
export async function openPage(browser: Browser, url: string, faults: string[]): Promise<Page> {
  const page = await browser.newPage();
  await page.setViewport({ width: 960, height: 720 });
  page.on("console", (message) => {
    // A file that may be absent, such as that of class names, is no fault.
    const isFault = message.type() === "error" && !/status of 404/.test(message.text());
    if (isFault) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  await page.goto(url);
  return page;
}

/** Declares a test that needs Chromium, and is visibly ignored without one. */
export function browserTest(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: chromium ? name : `${name} (ignored: no Chromium)`,
    ignore: !chromium,
    sanitizeResources: false,
    sanitizeOps: false,
    fn,
  });
}
