// `deno task test:browser`: the library and the example pages in a real browser, clicked through.
import { pathToFileURL } from "node:url";
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { bundled } from "../../tasks/bundle/bundled.ts";
import { answerFrom, readStaticFiles } from "../../tasks/web/static_files.ts";
import { hasSharedData, sharedPath } from "../shared_data.ts";
import { runTask } from "../tasks/run_task.ts";
import { browserTest, openChromium, openPage } from "./chromium.ts";
import { trainedAccuracy } from "./operations.ts";

/** The pages; screenshots lie beside them. */
const out = "runs/browser";

/** Serves the files that are in the folder to a browser while something is done. */
async function inBrowser(
  work: (open: (path: string) => ReturnType<typeof openPage>) => Promise<void>,
): Promise<void> {
  const files = await readStaticFiles(pathToFileURL(`${out}/pages/`), [""]);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => answerFrom(files, request),
  );
  const browser = await openChromium();
  const faults: string[] = [];
  try {
    await work((path) => openPage(browser, `http://127.0.0.1:${server.addr.port}/${path}`, faults));
    assertEquals(faults, []);
  } finally {
    await browser.close();
  }
}

const status = `document.querySelector("#status").textContent`;
const failed = `document.querySelector("#status.error")`;

browserTest("the example pages draw, train, look inside, and agree with ONNX Runtime", async () => {
  const { code, err } = await runTask("bundle", ["--out", `${out}/pages`, "--pages", "--json"]);
  assertEquals(code, 0, err);
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

browserTest(
  "a file that is text, a page in place of a file, and no WebGPU at all are said clearly",
  async () => {
    await Deno.writeTextFile(`${out}/pages/text.png`, "no picture");
    await inBrowser(async (open) => {
      const look = await open("look.html?image=text.png");
      await look.waitForFunction(failed, { timeout: 60_000 });
      assertMatch(await look.evaluate(status) as string, /text\.png.*got text/);
      await look.evaluateOnNewDocument(
        `delete Navigator.prototype.gpu; delete globalThis.GPUBufferUsage`,
      );
      await look.goto(look.url().replace(/look.*/, "draw.html"));
      await look.waitForFunction(failed);
      assertMatch(await look.evaluate(status) as string, /this browser.*WebGPU/i);
    });
  },
);

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
        const device = await adapter.requestDevice();
        const refused = [];
        for (const [name, code] of texts) {
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
