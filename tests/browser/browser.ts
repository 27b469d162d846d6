// `deno task test:browser`: the library and the example pages in a real browser, clicked through.
import { STANDARD_OPENING } from "../../lib/device/subgroups.ts";
import { pathToFileURL } from "node:url";
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { bundled } from "../../tasks/bundle/bundled.ts";
import { answerFrom, readStaticFiles } from "../../tasks/web/static_files.ts";
import { hasSharedData, sharedPath } from "../shared_data.ts";
import { runTask } from "../tasks/run_task.ts";
import { browserTest, openChromium, openPage, type Page } from "./chromium.ts";
import { trainedAccuracy } from "./operations.ts";

/** The pages; screenshots lie beside them. */
const out = "runs/browser";

let built: Promise<void> | undefined;

/** Makes the pages, once. */
function pagesBuilt(): Promise<void> {
  return built ??= (async () => {
    const { code, err } = await runTask("bundle", ["--out", `${out}/pages`, "--pages", "--json"]);
    assertEquals(code, 0, err);
  })();
}

/**
 * Serves the files that are in the folder to a browser while something is done.
 *
 * @param answers what is answered in place of a file
 * @param expected faults that are part of the test
 */
async function inBrowser(
  work: (open: (path: string) => ReturnType<typeof openPage>) => Promise<void>,
  answers: Readonly<Record<string, () => Response>> = {},
  expected?: RegExp,
): Promise<void> {
  const files = await readStaticFiles(pathToFileURL(`${out}/pages/`), [""]);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, onError: () => new Response() },
    (request) => answers[new URL(request.url).pathname]?.() ?? answerFrom(files, request),
  );
  const browser = await openChromium();
  const faults: string[] = [];
  try {
    await work((path) => openPage(browser, `http://127.0.0.1:${server.addr.port}/${path}`, faults));
    assertEquals(faults.filter((fault) => !expected?.test(fault)), []);
  } finally {
    await browser.close();
  }
}

const status = `document.querySelector("#status").textContent`;
const delay = (time: number): Promise<void> => new Promise((done) => setTimeout(done, time));
const failed = `document.querySelector("#status.error")`;

browserTest("the example pages draw, train, look inside, and agree with ONNX Runtime", async () => {
  await pagesBuilt();
  await inBrowser(async (open) => {
    const draw = await open("draw.html");
    await draw.waitForFunction(`${status}.includes("draw with") || ${failed}`);
    const box = (await (await draw.$("#canvas"))!.boundingBox())!;
    const strokes = [[80, 60], [190, 60], [170, 110], [140, 220]] as const;
    await draw.mouse.move(box.x + strokes[0][0], box.y + strokes[0][1]);
    await draw.mouse.down();
    for (const [x, y] of strokes.slice(1)) {
      await draw.mouse.move(box.x + x, box.y + y, { steps: 8 });
    }
    await draw.mouse.up();
    await draw.waitForFunction(`document.querySelector(".bar.first")?.textContent[0] === "7"`);
    await draw.screenshot({ path: `${out}/draw.png` });
    await draw.click("#clear");
    await draw.waitForFunction(`document.querySelector("#classes").textContent.includes("black")`);

    const train = await open("train.html");
    await train.waitForFunction(`!document.querySelector("#train").disabled || ${failed}`);
    await train.evaluate(`document.querySelector("#count").value = 1000`);
    await train.evaluate(`document.querySelector("#epochs").value = 2`);
    await train.click("#train");
    await train.waitForFunction(`/are right/.test(${status}) || ${failed}`, { timeout: 300_000 });
    assertMatch(await train.evaluate(status) as string, /^[789]\d\.\d\d % of 10000 test images/);
    assert(await train.evaluate(`document.querySelector("#curves svg path") !== null`));
    await train.screenshot({ path: `${out}/train.png` });
    await train.click("#train");
    await train.waitForFunction(`document.querySelector("#step").textContent.includes("step 3 ")`);
    await train.click("#stop");
    await train.waitForFunction(`!document.querySelector("#train").disabled`);
    assert(!await train.evaluate(failed), await train.evaluate(status) as string);

    const elsewhere = await open("elsewhere.html");
    await elsewhere.waitForFunction(`${status} === "Done" || ${failed}`, { timeout: 120_000 });
    const told = await elsewhere.evaluate(`document.querySelector("#answers").textContent`);
    assertMatch(
      told as string,
      /^(19\d|200) of 200 digits .* 200 of 200 answers .* [\d.]+e-[6789] of/,
    );
    await elsewhere.screenshot({ path: `${out}/elsewhere.png` });

    const look = await open("look.html?weights=nowhere.safetensors");
    await look.waitForFunction(failed);
    assertMatch(await look.evaluate(status) as string, /nowhere\.safetensors/);
    await look.goto(look.url().replace("nowhere", "index.html?"));
    await look.waitForFunction(failed);
  });
});

/** What the page says once it says that something went wrong. */
async function fault(page: Page, words: RegExp): Promise<void> {
  await page.waitForFunction(failed, { timeout: 60_000 });
  assertMatch(await page.evaluate(status) as string, words);
}

/** Gives the page's input of a file one of some bytes. */
async function choose(page: Page, id: string, name: string, bytes: number): Promise<void> {
  await page.evaluate(`{
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(${bytes}).fill(65)], ${JSON.stringify(name)}));
    const input = document.querySelector("#${id}");
    input.files = files.files;
    input.onchange({ target: input });
  }`);
}

browserTest("bad pictures and weights are said clearly, and the page goes on", async () => {
  await pagesBuilt();
  const html = () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
  const cut = () => {
    const whole = Deno.readFileSync(`${out}/pages/digits.safetensors`);
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(whole.subarray(0, 1000)),
      pull: (controller) => controller.error(new Error("cut")),
    }, { highWaterMark: 0 });
    return new Response(body);
  };
  const short = () =>
    new Response(Deno.readFileSync(`${out}/pages/digits.safetensors`).slice(0, 1e4));
  const answers = {
    "/html.safetensors": html,
    "/cut.safetensors": cut,
    "/short.safetensors": short,
    "/text.png": () => new Response("no picture"),
  };
  await inBrowser(
    async (open) => {
      const look = await open("look.html?image=text.png");
      const root = look.url().replace(/look.*/, "");
      await fault(look, /text\.png.*got text/);
      await choose(look, "file", "huge.png", 1e9);
      await look.waitForFunction(`${status}.includes("huge.png") && ${failed}`);
      await fault(look, /at most 100 MB, got 1000 MB/);
      await choose(look, "weights", "text.safetensors", 1000);
      await look.waitForFunction(`${status}.includes("text.safetensors") && ${failed}`);
      await look.evaluate(`(async () => {
      const files = new DataTransfer();
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 28;
      const blob = await new Promise((resolve) => canvas.toBlob(resolve));
      files.items.add(new File([blob], "dark.png"));
      const input = document.querySelector("#file");
      input.files = files.files;
      input.onchange({ target: input });
    })()`);
      // By the network that was there before.
      await look.waitForFunction(`${status}.startsWith("dark.png by ") && !${failed}`);
      for (
        const [weights, words] of [
          ["none.safetensors", /none\.safetensors.*status 404/],
          ["html.safetensors", /html\.safetensors.*HTML/],
          ["cut.safetensors", /cut\.safetensors.*whole file/],
          ["short.safetensors", /short\.safetensors/],
          [`${root}none.safetensors`, /none\.safetensors.*404/],
          [`${root}html.safetensors`, /html\.safetensors.*(web page|HTML)/],
        ] as const
      ) {
        await look.goto(`${root}look.html?weights=${encodeURIComponent(weights)}`);
        await fault(look, words);
      }
    },
    answers,
    /ERR_INCOMPLETE_CHUNKED_ENCODING/,
  );
});

browserTest(
  "a browser without WebGPU computes slowly, one that is out of date says so",
  async () => {
    await pagesBuilt();
    const answers = {
      "/new.js": () =>
        new Response("import @ from", { headers: { "content-type": "text/javascript" } }),
    };
    await inBrowser(
      async (open) => {
        const blank = await open("style.css");
        const root = blank.url().replace("style.css", "");
        const opened = async (change: string, page: string): Promise<Page> => {
          const old = await blank.browser().newPage();
          await old.evaluateOnNewDocument(change);
          await old.goto(`${root}${page}`);
          return old;
        };
        // The words stay when the page is ready, no longer as an error.
        const slow = await opened(
          `delete Navigator.prototype.gpu; delete globalThis.GPUBufferUsage`,
          "draw.html",
        );
        await slow.waitForFunction(`/this browser.*WebGPU.*draw with/i.test(${status})`);
        const outdated = /must be a current Chrome, Edge, Safari or Firefox, got one that /;
        for (const page of ["draw", "train", "look", "elsewhere"]) {
          await fault(await opened(`delete Promise.withResolvers`, `${page}.html`), outdated);
        }
        await fault(
          await opened(`delete HTMLScriptElement.prototype.noModule`, "train.html"),
          /has no modules/,
        );
        const named = (name: string) =>
          `addEventListener("DOMContentLoaded", () => {}); new MutationObserver(() => {
        const script = document.querySelector("script[data-module]");
        if (script && script.dataset.module !== "${name}") script.dataset.module = "${name}";
      }).observe(document, { childList: true, subtree: true })`;
        await fault(await opened(named("new.js"), "draw.html"), /says .*SyntaxError/);
        await fault(await opened(named("none.js"), "draw.html"), /server must have .*none\.js/);
      },
      answers,
      /SyntaxError/,
    );
  },
);

browserTest("a tab trains on out of sight, after sleep, and on another device", async () => {
  await pagesBuilt();
  await inBrowser(async (open) => {
    const train = await open("train.html");
    await train.evaluateOnNewDocument(`{
      const { requestDevice } = GPUAdapter.prototype;
      GPUAdapter.prototype.requestDevice = async function (how) {
        return window.device = await requestDevice.call(this, how);
      };
    }`);
    // Nothing is awaited within the page, whose timers and frames are held back.
    const isTrue = async (condition: string): Promise<void> => {
      const began = Date.now();
      while (!await train.evaluate(`!!(${condition})`)) {
        assert(Date.now() - began < 300_000, condition);
        await delay(50);
      }
    };
    const begin = async (): Promise<void> => {
      await isTrue(`!document.querySelector("#train").disabled || ${failed}`);
      await train.evaluate(`{
        document.querySelector("#count").value = 640; // 10 steps an epoch.
        document.querySelector("#epochs").value = 3;
        document.querySelector("#train").click();
      }`);
    };
    const end = async (): Promise<string> => {
      await isTrue(`/are right/.test(${status}) || ${failed}`);
      return await train.evaluate(status) as string;
    };
    const step = async (): Promise<number> => {
      const text = await train.evaluate(`document.querySelector("#step").textContent`) as string;
      return Number(/\d+/.exec(text)?.[0] ?? 0);
    };
    const until = async (least: number): Promise<void> => {
      await isTrue(
        `/\\d+/.exec(document.querySelector("#step").textContent)?.[0] >= ${least} || ${failed}`,
      );
    };
    await train.reload();
    await begin();
    const expected = await end();
    assertMatch(expected, /^[5-9]\d\.\d\d % of 10000/);

    await train.reload();
    const front = await open("style.css");
    await front.bringToFront();
    assertEquals(await train.evaluate("document.visibilityState"), "hidden");
    await delay(12_000); // From then on a timer that was set by a timer fires once a minute.
    const items = await train.evaluate(`(async () => {
      const { data } = await import("neocog");
      const before = performance.now();
      let count = 0;
      for await (const item of data.prefetch([...Array(100).keys()])) {
        for (const began = performance.now(); performance.now() - began < 60;);
        if (++count === 20 || performance.now() - before > 30_000) return count;
      }
    })()`);
    assertEquals(items, 20);
    await begin();
    await until(2);
    const session = await train.createCDPSession();
    await session.send("Page.setWebLifecycleState", { state: "frozen" });
    await delay(1000);
    const asleep = await step();
    await delay(3000);
    assertEquals(await step(), asleep);
    await session.send("Page.setWebLifecycleState", { state: "active" });
    await until(12);
    await train.evaluate(`device.destroy()`);
    await isTrue(`/device was lost/.test(${status})`);
    assertMatch(await train.evaluate(status) as string, /goes on from the end of epoch [12]/);
    assertEquals(await end(), expected);
    assert(!await train.evaluate(`document.querySelector("#save").disabled`));
  });
});

if (hasSharedData) {
  browserTest("Grad-CAM of a photo by SqueezeNet", async () => {
    const pages = `${out}/pages`;
    const weights = sharedPath("squeezenet1_0-imagenet.safetensors");
    await Deno.copyFile(weights, `${pages}/squeezenet.safetensors`);
    await Deno.copyFile(sharedPath("photos/chelsea.png"), `${pages}/chelsea.png`);
    await inBrowser(async (open) => {
      const look = await open("look.html?weights=./squeezenet.safetensors&image=chelsea.png");
      const isShown = `!document.querySelector("#picture").hidden`;
      await look.waitForFunction(`${isShown} || ${failed}`, { timeout: 120_000 });
      assertMatch(
        await look.evaluate(`document.querySelector(".bar.first").textContent`) as string,
        /tabby|Egyptian cat/,
      );
      await look.screenshot({ path: `${out}/look.png` });
    });
  });
}

browserTest("Chromium's compiler accepts every kernel's text, in both forms", async () => {
  const pages = `${out}/pages`;
  await Deno.mkdir(pages, { recursive: true });
  await Deno.writeTextFile(`${pages}/blank.html`, `<!doctype html><link rel="icon" href="data:,">`);
  for (const form of ["gpu", "software"]) {
    const folder = `${out}/wgsl-${form}`;
    const { code, err } = await runTask("bench", ["--wgsl", folder, "--form", form]);
    assertEquals(code, 0, err);
    const texts = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".wgsl"))
      .map(({ name }) => [name, Deno.readTextFileSync(`${folder}/${name}`)]);
    assert(texts.length > 100, `${texts.length}`);
    await inBrowser(async (open) => {
      const page = await open("blank.html");
      const refused = await page.evaluate(`(async (texts) => {
        const adapter = await navigator.gpu.requestAdapter();
        const hasSubgroups = adapter.features.has("subgroups");
        const requiredFeatures = hasSubgroups ? ["subgroups"] : [];
        const device = await adapter.requestDevice({ requiredFeatures });
        const refused = [];
        for (const [name, text] of texts) {
          // As a device with subgroups would be given it.
          const isTogether = text.includes("subgroupBroadcast");
          if (isTogether && !hasSubgroups) continue;
          const code = (isTogether ? "${STANDARD_OPENING}" : "") + text;
          device.pushErrorScope("validation");
          const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
          await device.popErrorScope();
          const error = messages.find(({ type }) => type === "error");
          if (error) refused.push(name + ", line " + error.lineNum + ": " + error.message);
        }
        return refused;
      })(${JSON.stringify(texts)})`);
      assertEquals(refused, []);
    });
  }
});

browserTest(
  "every operation is right in both forms, and LeNet-5 learns as under Deno",
  async () => {
    const entry = new URL("operations.ts", import.meta.url).href;
    await Deno.writeTextFile(`${out}/pages/operations.js`, await bundled(entry, "browser"));
    await Deno.writeTextFile(
      `${out}/pages/operations.html`,
      `<!doctype html>
    <link rel="icon" href="data:,"><script type="module">
    import * as all from "./operations.js";
    Object.assign(window, all);
    </script>`,
    );
    await inBrowser(async (open) => {
      const page = await open("operations.html");
      await page.waitForFunction(`window.checkOperations`);
      for (const form of ["software", "gpu"]) {
        const before = performance.now();
        const { count, failed } = await page.evaluate(`checkOperations("${form}")`) as {
          count: number;
          failed: string[];
        };
        const seconds = Math.round((performance.now() - before) / 1000);
        console.log(`${count} checks in the form for ${form} took ${seconds} s`);
        assertEquals(failed, []);
        assert(count > 200, `${count}`);
      }
      await page.goto(page.url()); // Kernels in the form of this adapter again.
      await page.waitForFunction(`window.trainedAccuracy`);
      const here = await trainedAccuracy(undefined);
      const there = await page.evaluate(`trainedAccuracy("./mnist")`) as number;
      console.log(`accuracy in the browser ${there}, under Deno ${here}`);
      assertAlmostEquals(there, here, 0.01);
    });
  },
);
