// The explorer in a real browser, for tests: its pages, and what is seen there.
import { assertEquals } from "@std/assert";
import { exampleImage } from "../../lib/data/example_image.ts";
import { type Image, preprocess } from "../../lib/image/mod.ts";
import { mnist, open, readExamples, start, tf } from "../../mod.ts";
import { hasAdapter } from "../device/adapter.ts";
import { chromium, openChromium, openPage } from "../browser/chromium.ts";
import { startTask } from "./task_server.ts";

/** Screenshots lie here. */
export const out = "runs/web";
await Deno.mkdir(out, { recursive: true });

/** Chromium. */
type Browser = Awaited<ReturnType<typeof openChromium>>;
/** An open page. */
export type Page = Awaited<ReturnType<typeof openPage>>;

/** The server and the browser of a file's tests. */
type Opened = {
  readonly url: string;
  readonly browser: Browser;
  stop(): Promise<void>;
};

// One of each for all tests of a file: both take seconds to start.
let shared: Promise<Opened> | undefined;

/** The server and the browser. */
export function opened(): Promise<Opened> {
  return shared ??= (async () => {
    const [server, browser] = await Promise.all([startTask("explore"), openChromium()]);
    return {
      url: server.url,
      browser,
      async stop() {
        await browser.close();
        await server.stop();
      },
    };
  })();
}

/** Why tests are ignored here, if they are. */
export const missing = chromium === undefined
  ? "no Chromium"
  : hasAdapter
  ? null
  : "no GPU adapter";

/**
 * Declares a test that is visibly ignored where something is missing.
 *
 * @param lacks what is missing; `null` if nothing is
 */
export function webTest(
  name: string,
  fn: () => Promise<void>,
  lacks: string | null = missing,
): void {
  Deno.test({
    name: lacks === null ? name : `${name} (ignored: ${lacks})`,
    ignore: lacks !== null,
    sanitizeResources: false,
    sanitizeOps: false,
    fn,
  });
}

/** A test with a page, which may not complain. */
export function pageTest(
  name: string,
  work: (page: Page, url: string) => Promise<void>,
  options: { readonly hash?: string; readonly faults?: RegExp } = {},
): void {
  webTest(name, async () => {
    const { url, browser } = await opened();
    const faults: string[] = [];
    const page = await openPage(browser, `${url}${options.hash ?? ""}`, faults);
    try {
      await work(page, url);
      const { faults: expected } = options;
      assertEquals(faults.filter((fault) => !expected?.test(fault)), []);
    } finally {
      await page.close();
    }
  });
}

/** Waits until an expression is true in the page, and returns it. */
export async function until<T = unknown>(page: Page, expression: string, seconds = 20): Promise<T> {
  try {
    const handle = await page.waitForFunction(expression, {
      timeout: 1000 * seconds,
      polling: 50, // Pages behind others draw nothing.
    });
    return await handle.jsonValue() as T;
  } catch (error) {
    await page.screenshot({ path: `${out}/failed.png` });
    throw new Error(`Not in ${seconds} s: ${expression}`, { cause: error });
  }
}

/** The text of an element. */
export const textOf = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => element.textContent ?? "");

/** The probabilities that bars show, by class, in percent; of two, those after. */
export async function barsOf(page: Page, within: string): Promise<Map<number, number>> {
  const rows = await page.$$eval(`${within} .bar[data-class]`, (bars) =>
    bars.map((bar) =>
      [
        Number(bar.getAttribute("data-class")),
        bar.querySelector(".value")!.textContent!,
      ] as const
    ));
  return new Map(
    rows.map(([index, text]) => [index, Number(text.split("→").at(-1)!.replace("%", ""))]),
  );
}

/** The network, and a test image as its input and as it is. */
type Library = {
  readonly network: Awaited<ReturnType<typeof open>>;
  readonly x: tf.Tensor4D;
  readonly image: Image;
};

/** What the library answers are made of, for a test image. */
export async function library(index = 0): Promise<Library> {
  await start();
  const network = await open("examples/networks/lenet5-relu-mnist.safetensors");
  const { test } = await mnist();
  const image = exampleImage(await readExamples(test), index);
  const x = tf.tensor4d(preprocess(image, network.preprocessing), [1, 28, 28, 1]);
  return { network, x, image };
}

/** Ends the server and the browser: the last test of a file. */
export function lastTest(): void {
  webTest("the server and the browser end", async () => void await (await shared)?.stop());
}
