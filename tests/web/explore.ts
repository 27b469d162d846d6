// `deno task test:web`: the explorer in a real browser, used as people do, and by those who mean harm.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { ablate, activations, receptiveBoxes, saliency, toInputs } from "../../lib/explain/mod.ts";
import { exampleImage } from "../../lib/data/example_image.ts";
import { fgsm } from "../../lib/generate/mod.ts";
import { preprocess } from "../../lib/image/mod.ts";
import { sizeOfModel } from "../../lib/sizing/mod.ts";
import { mnist, open, predict, readExamples, start, tf } from "../../mod.ts";
import { hasAdapter } from "../device/adapter.ts";
import { chromium, openChromium, openPage } from "../browser/chromium.ts";
import { hasSharedData, sharedPath } from "../shared_data.ts";
import { startTask } from "./task_server.ts";

/** Screenshots lie here. */
const out = "runs/web";
await Deno.mkdir(out, { recursive: true });

type Browser = Awaited<ReturnType<typeof openChromium>>;
type Page = Awaited<ReturnType<typeof openPage>>;

// One server and one browser for all tests: both take seconds to start.
let shared:
  | Promise<{ url: string; port: number; browser: Browser; stop(): Promise<void> }>
  | undefined;
function opened() {
  return shared ??= (async () => {
    const [server, browser] = await Promise.all([startTask("explore"), openChromium()]);
    return {
      url: server.url,
      port: server.port,
      browser,
      async stop() {
        await browser.close();
        await server.stop();
      },
    };
  })();
}
/** Why tests are ignored here, if they are. */
const missing = chromium === undefined ? "no Chromium" : hasAdapter ? undefined : "no GPU adapter";

/** Declares a test that is visibly ignored where something is missing. */
function webTest(name: string, fn: () => Promise<void>, lacks = missing): void {
  Deno.test({
    name: lacks === undefined ? name : `${name} (ignored: ${lacks})`,
    ignore: lacks !== undefined,
    sanitizeResources: false,
    sanitizeOps: false,
    fn,
  });
}

/** A test with a page, which may not complain. */
function pageTest(
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
async function until<T = unknown>(page: Page, expression: string, seconds = 20): Promise<T> {
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

const textOf = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => element.textContent ?? "");

/** The probabilities that bars show, by class, in percent; of two, those after. */
async function barsOf(page: Page, within: string): Promise<Map<number, number>> {
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

/** The library's own answers for a test image. */
async function library(index = 0) {
  await start();
  const network = await open("examples/networks/lenet5-relu-mnist.safetensors");
  const { test } = await mnist();
  const image = exampleImage(await readExamples(test), index);
  const x = tf.tensor4d(preprocess(image, network.preprocessing), [1, 28, 28, 1]);
  return { network, x, image };
}

pageTest(
  "the network is seen at once, and each layer's sizes when it is pointed at",
  async (page, url) => {
    const { network } = await library();
    const size = sizeOfModel(network.model, [28, 28, 1]);
    const begin = performance.now();
    await page.goto(`${url}#/network`);
    await page.reload();
    await until(page, `document.querySelectorAll(".block").length > 5`);
    const seconds = (performance.now() - begin) / 1000;
    assert(seconds < 5, `${seconds} s`); // On a quiet machine it is 0.3 s.
    const conv2 = size.layers.find(({ path }) => path === "conv2")!;
    await page.hover('.block[data-path="conv2"] polygon');
    const facts = await until<string>(
      page,
      `document.querySelector(".facts").textContent.includes("conv2") && document.querySelector(".facts").textContent`,
    );
    assertStringIncludes(facts, conv2.parameters.toLocaleString("en-US"));
    assertStringIncludes(facts, `${conv2.receptiveField} × ${conv2.receptiveField} pixels`);
    assertStringIncludes(facts, "10 × 10 × 16");
    await until(page, `document.querySelector(".end .bar")`); // What comes out at the end.
    await page.screenshot({ path: `${out}/network.png` });
    // By keyboard: to the next block, and into it.
    await page.evaluate(`document.querySelector('.block[data-path="conv1"]').focus()`);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Enter");
    await until(
      page,
      `location.hash.startsWith("#/layer?") && location.hash.includes("layer=pool1")`,
    );
  },
);

pageTest("a layer's maps, what a position sees, and what happens without a map", async (page) => {
  const { network, x } = await library();
  const output = activations(network, x, ["conv2"]).get("conv2")!;
  const means = await tf.mean(output, [0, 1, 2]).data();
  const order = [...means.keys()].sort((a, b) => means[b]! - means[a]!);
  await until(page, `document.querySelectorAll(".tile").length === 16`);
  const tiles = await page.$$eval(
    ".tile",
    (all) => all.map((one) => one.querySelector(".line span")!.textContent!),
  );
  assertEquals(tiles.map((text) => Number(text.split(":")[0])), order);
  tiles.forEach((text, i) =>
    assertAlmostEquals(Number(text.split(":")[1]), means[order[i]!]!, 0.006)
  );
  // The middle of the first map: row 5, column 5.
  const canvas = (await page.$(".tile canvas"))!;
  const bounds = (await canvas.boundingBox())!;
  await page.mouse.move(bounds.x + bounds.width * 0.55, bounds.y + bounds.height * 0.55);
  const box = receptiveBoxes(network.model, [28, 28, 1], "conv2")(5, 5);
  const frame = await until<Record<string, string>>(
    page,
    `(() => {
    const { hidden, style } = document.querySelector(".photo .box");
    return !hidden && { left: style.left, top: style.top, width: style.width };
  })()`,
  );
  assertAlmostEquals(parseFloat(frame.left!), 100 * box.left / 28, 0.01);
  assertAlmostEquals(parseFloat(frame.top!), 100 * box.top / 28, 0.01);
  assertAlmostEquals(parseFloat(frame.width!), 100 * box.width / 28, 0.01);
  await page.screenshot({ path: `${out}/layer.png` });
  // Without the first four maps.
  for (const map of order.slice(0, 4)) await page.click(`.tile[data-map="${map}"] input`);
  const off = order.slice(0, 4).sort((a, b) => a - b);
  await until(page, `location.hash.includes("off=${encodeURIComponent(off.join(","))}")`);
  await until(page, `document.querySelector("#main").textContent.includes("Without 4 maps")`);
  const wanted = await tf.softmax(ablate(network, x, "conv2", off)).data();
  for (const [index, percent] of await barsOf(page, "#side")) {
    assertAlmostEquals(percent, 100 * wanted[index]!, 0.06);
  }
  await page.screenshot({ path: `${out}/ablation.png` });
  await page.reload(); // The address says it all.
  await until(page, `document.querySelectorAll(".tile.off").length === 4`);
  await until(page, `document.querySelector("#side .bar .value")?.textContent.includes("→")`);
}, { hash: "#/layer?layer=conv2" });

pageTest(
  "why: scores are the library's, two classes are side by side, opacity is live",
  async (page) => {
    const { network, x } = await library();
    const own = await saliency(network, x, 7, { rule: "guided" });
    const other = await saliency(network, x, 3, { rule: "guided" });
    await until(page, `document.querySelectorAll(".columns canvas:not([hidden])").length === 2`);
    assertStringIncludes(
      await textOf(page, ".class h3"),
      `Saliency for 7: score ${own.scores[0]!.toPrecision(3)}`,
    );
    assertStringIncludes(await textOf(page, ".class2 h3"), other.scores[0]!.toPrecision(3));
    await page.screenshot({ path: `${out}/why.png` });
    const pixel =
      `document.querySelector(".class canvas").getContext("2d").getImageData(0, 0, 28, 28).data.join()`;
    const before = await page.evaluate(pixel);
    await page.$eval('input[type="range"]', (input) => {
      (input as unknown as { value: string }).value = "0";
      input.dispatchEvent(new Event("input"));
    });
    await until(page, `location.hash.includes("opacity=0")`);
    const plain = (await page.evaluate(pixel)) as string;
    assert(plain !== before);
    // Nothing is left but the picture.
    const bytes = Array.from(
      (await readExamples((await mnist()).test)).images.subarray(0, 784),
      (byte) => [byte, byte, byte, 255],
    ).flat();
    assertEquals(plain, bytes.join());
    for (const method of ["grad-cam", "integrated-gradients", "occlusion", "lrp"]) {
      await page.select(".controls select", method);
      await until(
        page,
        `location.hash.includes("method=${method}") && document.querySelector(".again code")?.textContent.includes("explain")`,
      );
      await until(page, `document.querySelector(".status.wrong") === null`);
    }
  },
  { hash: "#/why?class2=3&rule=guided" },
);

pageTest("fool it: what the slider says is what the library does", async (page) => {
  const { network, x, image } = await library();
  const pixels = tf.tensor4d(image.pixels, [1, 28, 28, 1]);
  const found = await fgsm(network, pixels, [7], { epsilon: 0.2 });
  const shown = await predict(
    network,
    tf.tensor4d(
      preprocess(
        { ...image, pixels: await found.images.data() as Float32Array },
        network.preprocessing,
      ),
      [1, 28, 28, 1],
    ),
  ).data();
  x.dispose();
  await until(page, `document.querySelector(".verdict")?.textContent.includes("0.200")`);
  const verdict = await textOf(page, ".verdict");
  assertStringIncludes(verdict, `“7” is taken for “${found.labels.after[0]}”`);
  for (const [index, percent] of await barsOf(page, "#main")) {
    assertAlmostEquals(percent, 100 * shown[index]!, 0.06);
  }
  await page.screenshot({ path: `${out}/fool.png` });
  await page.$eval('input[aria-describedby="epsilon"]', (input) => {
    (input as unknown as { value: string }).value = "0";
    input.dispatchEvent(new Event("input"));
  });
  await until(page, `document.querySelector(".verdict").textContent.includes("it is not fooled")`);
  await page.select(".controls select", "deepfool");
  await until(page, `document.querySelector(".verdict").textContent.includes("(L2)")`);
  assertStringIncludes(await textOf(page, ".verdict"), "it is fooled");
}, { hash: "#/fool?epsilon=40" });

pageTest("a unit: nine patches, its filter, its image live, and stopped", async (page) => {
  await until(page, `document.querySelectorAll(".strip figure").length === 9`, 60);
  assertEquals(
    await page.$$eval(
      ".strip figure",
      (all) => all.map((one) => one.querySelectorAll("canvas").length),
    ),
    new Array(9).fill(3),
  );
  assertMatch(await textOf(page, "#main"), /DeconvNet brings back and guided/);
  await page.click(".begin");
  await until(page, `/Step \\d/.test(document.querySelector(".making").textContent)`);
  await page.click(".stop");
  await until(page, `/^\\d+ steps: from/.test(document.querySelector(".making p").textContent)`);
  const steps = Number((await textOf(page, ".making p")).split(" ")[0]);
  assert(steps < 2000, `${steps} steps`);
  await page.screenshot({ path: `${out}/unit.png` });
}, { hash: "#/unit?layer=conv2&unit=3&steps=2000" });

pageTest(
  "a dream: its steps are seen, it stops, and is saved as a GIF with its command",
  async (page) => {
    const session = await page.createCDPSession();
    await session.send("Browser.setDownloadBehavior", {
      behavior: "allow",
      downloadPath: await Deno.realPath(out),
    });
    await Deno.remove(`${out}/dream.gif`).catch(() => {});
    await until(page, `document.querySelector(".begin")`);
    await page.click(".begin");
    await until(
      page,
      `/Step \\d+, octave 1 of/.test(document.querySelector(".making").textContent)`,
    );
    await page.click(".stop");
    await until(page, `document.querySelector(".making p").textContent.startsWith("Stopped")`);
    assertStringIncludes(
      await textOf(page, ".again code"),
      "deno task generate deep-dream --image 0 --layer conv2 --size 112",
    );
    await page.screenshot({ path: `${out}/dream.png` });
    await page.evaluate(
      `[...document.querySelectorAll("button")].find((one) => one.textContent === "Save GIF").click()`,
    );
    for (let i = 0; i < 100; i++) {
      const bytes = await Deno.readFile(`${out}/dream.gif`).catch(() => new Uint8Array());
      if (bytes.length > 0) {
        return assertEquals(new TextDecoder().decode(bytes.subarray(0, 6)), "GIF89a");
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("No GIF was saved");
  },
  { hash: "#/dream?layer=conv2&steps=400" },
);

pageTest("an inversion comes near the picture", async (page) => {
  await until(page, `document.querySelector(".begin")`);
  await page.click(".begin");
  await until(page, `document.querySelector(".making p").textContent.startsWith("Done")`, 60);
  const share = Number(/are ([\d.]+) %/.exec(await textOf(page, ".making p"))![1]);
  assert(share < 20, `${share} %`);
  await page.screenshot({ path: `${out}/invert.png` });
}, { hash: "#/invert?layer=conv1&steps=60" });

pageTest("space: the map, and what is near an image", async (page) => {
  await until(page, `document.querySelector(".plot")?.dataset.points === "2000"`, 60);
  await until(page, `document.querySelectorAll(".strip figure").length === 18`, 30);
  const captions = await page.$$eval(
    ".strip figcaption",
    (all) => all.map((one) => one.textContent!),
  );
  // In features, neighbors of a digit are that digit.
  const label = /^Image \d+: (\d)/m.exec((await page.$$eval("#main p", (all) =>
    all.map((one) =>
      one.textContent!
    ))).join("\n"))![1];
  assert(
    captions.slice(9).filter((text) => text.includes(`: ${label},`)).length >= 8,
    captions.join("; "),
  );
  await page.screenshot({ path: `${out}/space.png` });
  await page.click(".strip a");
  await until(page, `!location.hash.includes("index=5&") && /index=\\d/.test(location.hash)`);
}, { hash: "#/space?index=5&places=mean" });

pageTest("a digit is drawn by the mouse, and looked at", async (page) => {
  await until(page, `document.querySelector("#side .bar")`);
  await page.click(".draw");
  const box = (await (await page.$(".pad"))!.boundingBox())!;
  await page.mouse.move(box.x + 140, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + 140, box.y + 230, { steps: 8 });
  await page.mouse.up();
  await until(page, `location.hash.includes("image=own")`);
  await until(page, `document.querySelector("#side .bar .name").textContent === "1"`);
  await page.screenshot({ path: `${out}/draw.png` });
});

pageTest("a file is opened; one that is no picture is refused in words", async (page) => {
  await until(page, `document.querySelector("#side .bar")`);
  const file = await page.$('input[type="file"]');
  await Deno.writeTextFile(`${out}/none.png`, "This is no picture.");
  await (file as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(
    `${out}/none.png`,
  );
  await until(
    page,
    `document.querySelector("#side .status.wrong")?.textContent.includes("Cannot")`,
  );
  assertEquals(await page.evaluate("location.hash.includes('own')"), false);
  await (file as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(
    "examples/gallery/filters.png",
  );
  await until(page, `location.hash.includes("image=own")`);
  await until(page, `document.querySelector("#side .small").textContent.includes("picture.png")`);
}, { faults: /status of 415/ });

pageTest(
  "on a phone nothing is wider than the screen, in the dark it is dark",
  async (page, url) => {
    await page.setViewport({ width: 360, height: 740 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    for (const view of ["network", "layer", "unit", "why", "fool", "dream", "invert", "space"]) {
      await page.goto(`${url}#/${view}`);
      await until(page, `document.querySelector("#main.${view} h2")`);
      await until(page, `document.querySelector("#side .bar")`);
      const width = await page.evaluate("document.documentElement.scrollWidth");
      assert(Number(width) <= 360, `${view}: ${width}`);
      if (view === "why") await page.screenshot({ path: `${out}/phone.png` });
    }
    assertEquals(
      await page.evaluate("getComputedStyle(document.body).backgroundColor"),
      "rgb(15, 20, 25)",
    );
    const unnamed = await page.evaluate(
      `[...document.querySelectorAll("canvas, button, input, select")]
    .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.closest("label") || one.closest(".plot"))).map((one) => one.outerHTML)`,
    );
    assertEquals(unnamed, []);
  },
);

pageTest("while one page dreams, another sees what the library sees", async (page, url) => {
  await until(page, `document.querySelector(".begin")`);
  await page.click(".begin");
  await until(page, `/Step \\d/.test(document.querySelector(".making").textContent)`);
  const { browser } = await opened();
  const other = await openPage(browser, `${url}#/layer?layer=pool2&order=number`, []);
  await until(other, `document.querySelectorAll(".tile").length === 16`);
  const { network, x } = await library();
  const means = await tf.mean(activations(network, x, ["pool2"]).get("pool2")!, [0, 1, 2]).data();
  const texts = await other.$$eval(".tile .line span", (all) => all.map((one) => one.textContent!));
  texts.forEach((text, i) => assertAlmostEquals(Number(text.split(":")[1]), means[i]!, 0.006));
  await other.close();
  assertEquals(await page.evaluate(`document.querySelector(".stop").disabled`), false);
  await page.click(".stop");
  await until(page, `document.querySelector(".making p").textContent.startsWith("Stopped")`);
}, { hash: "#/dream?layer=conv2&steps=500&size=256" });

webTest("ten pages at once all see their layer", async () => {
  const { url, browser } = await opened();
  const faults: string[] = [];
  const pages = await Promise.all(
    Array.from(
      { length: 10 },
      (_, i) => openPage(browser, `${url}#/layer?layer=conv1&image=test:${i}`, faults),
    ),
  );
  await Promise.all(
    pages.map((page) => until(page, `document.querySelectorAll(".tile").length === 6`)),
  );
  const said = await Promise.all(pages.map((page) => textOf(page, "#side .bar .name")));
  const { network } = await library();
  const digits = (await readExamples((await mnist()).test)).images.subarray(0, 7840);
  const ten = tf.tensor4d(Float32Array.from(digits), [10, 28, 28, 1]);
  const inputs = toInputs(tf.div(ten, 255), network.preprocessing);
  assertEquals(said.map(Number), await tf.argMax(predict(network, inputs), 1).array());
  await Promise.all(pages.map((page) => page.close()));
  assertEquals(faults, []);
});

webTest(
  "a page that is closed in the middle of a dream leaves the device to others",
  async () => {
    const { url, browser } = await opened();
    const faults: string[] = [];
    const first = await openPage(browser, `${url}#/dream?layer=conv2&steps=500&size=512`, faults);
    await until(first, `document.querySelector(".begin")`);
    await first.click(".begin");
    await until(first, `/Step \\d/.test(document.querySelector(".making").textContent)`);
    await first.close();
    const second = await openPage(browser, `${url}#/dream?layer=conv1&steps=1&octaves=1`, faults);
    await until(second, `document.querySelector(".begin")`);
    await second.click(".begin");
    await until(second, `document.querySelector(".making p").textContent.startsWith("Done")`, 20);
    await second.close();
    assertEquals(faults, []);
  },
);

webTest(
  "a server that is started again finds its pages, and gets their pictures again",
  async () => {
    const { browser } = await opened();
    const server = await startTask("explore");
    const page = await openPage(browser, `${server.url}#/layer?layer=conv1`, []);
    await until(page, `document.querySelectorAll(".tile").length === 6`);
    const file = await page.$('input[type="file"]');
    await (file as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(
      "examples/gallery/filters.png",
    );
    await until(page, `location.hash.includes("image=own")`);
    await until(page, `document.querySelector("#side .small").textContent.includes("picture.png")`);
    const before = await barsOf(page, "#side");
    await server.stop();
    await until(page, `document.querySelector("#connection").textContent.includes("lost")`);
    await using again = await startTask("explore", [], server.port);
    await until(
      page,
      `document.querySelector("#connection").textContent === "" && document.querySelector("#side .bar")`,
      20,
    );
    await until(page, `document.querySelectorAll(".tile").length === 6`);
    assertEquals(await barsOf(page, "#side"), before);
    assertEquals(again.port, server.port);
    await page.close();
  },
);

webTest(
  "pages of other origins, paths out of the folder and huge uploads are refused",
  async () => {
    await using server = await startTask("explore");
    const { url, port } = server;
    const raw = async (head: string): Promise<string> => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(new TextEncoder().encode(`${head}\r\nConnection: close\r\n\r\n`));
      const answer = new Uint8Array(64);
      const length = await connection.read(answer);
      return new TextDecoder().decode(answer.subarray(0, length ?? 0)).split("\r\n")[0]!;
    };
    const host = `Host: 127.0.0.1:${port}`;
    const upgrade =
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    assertStringIncludes(await raw(`GET / HTTP/1.1\r\nHost: evil.example:${port}`), " 421 ");
    assertStringIncludes(
      await raw(`GET /channel HTTP/1.1\r\n${host}\r\nOrigin: http://evil.example\r\n${upgrade}`),
      " 403 ",
    );
    for (
      const path of [
        "/../deno.json",
        "/explore/page/../../../deno.json",
        "/%2e%2e/deno.json",
        "//etc/passwd",
        "/explore/page/app.js%00",
      ]
    ) {
      assertStringIncludes(await raw(`GET ${path} HTTP/1.1\r\n${host}`), " 404 ", path);
    }
    // A gigabyte is refused by what it says; without that, after the limit.
    assertStringIncludes(
      await raw(`POST /picture HTTP/1.1\r\n${host}\r\nContent-Length: 1073741824`),
      " 413 ",
    );
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent >= 2 ** 30) return controller.close();
        sent += 2 ** 20;
        controller.enqueue(new Uint8Array(2 ** 20));
      },
    });
    const answer = await fetch(`${url}picture`, { method: "POST", body }).catch(() => undefined);
    assert(answer === undefined || answer.status === 413, `${answer?.status}`);
    await answer?.body?.cancel();
    assert(sent < 200 * 2 ** 20, `${sent} bytes were taken`);
    const foreign = await fetch(`${url}picture`, {
      method: "POST",
      body: "x",
      headers: { origin: "http://evil.example" },
    });
    assertEquals(foreign.status, 403);
    await foreign.body?.cancel();
    const none = await fetch(`${url}picture`, { method: "POST", body: "no picture" });
    assertEquals(none.status, 415);
    assertStringIncludes((await none.json()).error, "Cannot");
    // A picture of 60,000 × 60,000 pixels, by its header.
    const bomb = new Uint8Array(await Deno.readFile("examples/gallery/filters.png"));
    new DataView(bomb.buffer).setUint32(16, 60_000);
    new DataView(bomb.buffer).setUint32(20, 60_000);
    const large = await fetch(`${url}picture`, { method: "POST", body: bomb });
    assertEquals(large.status, 415);
    await large.body?.cancel();
    const page = await fetch(url);
    assertEquals(page.status, 200);
    await page.body?.cancel();
  },
  hasAdapter ? undefined : "no GPU adapter",
);

/** SqueezeNet on a photo: what a large network looks like, with the time from a click to the picture. */
webTest("SqueezeNet sees a cat", async () => {
  const { browser } = await opened();
  await using server = await startTask("explore", [
    "--weights",
    sharedPath("squeezenet1_0-imagenet.safetensors"),
    "--image",
    sharedPath("photos/chelsea.png"),
    "--classes",
    sharedPath("imagenet-classes.txt"),
  ]);
  const faults: string[] = [];
  const page = await openPage(browser, `${server.url}#/network`, faults);
  await page.setViewport({ width: 1280, height: 900 });
  await until(page, `document.querySelector("#side .bar")`, 60);
  assertStringIncludes(await textOf(page, "#side .bar .name"), "tabby");
  await page.screenshot({ path: `${out}/squeezenet_network.jpg`, quality: 85 });
  const timed = async (hash: string, done: string): Promise<number> => {
    const begin = performance.now();
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await until(page, done, 60);
    return (performance.now() - begin) / 1000;
  };
  const times: Record<string, number> = {};
  times.maps = await timed(
    "#/layer?image=file&layer=conv1",
    `document.querySelectorAll(".tile").length > 50`,
  );
  await page.screenshot({ path: `${out}/squeezenet_layer.jpg`, quality: 85 });
  times.saliency = await timed(
    "#/why?image=file",
    `document.querySelector(".class canvas:not([hidden])")`,
  );
  times["Grad-CAM"] = await timed(
    "#/why?image=file&method=grad-cam&class2=285",
    `document.querySelector(".class h3")?.textContent.startsWith("Grad-CAM") && document.querySelector(".class2 h3")?.textContent.startsWith("Grad-CAM")`,
  );
  await page.screenshot({ path: `${out}/squeezenet_why.jpg`, quality: 85 });
  times.fgsm = await timed(
    "#/fool?image=file",
    `document.querySelector(".verdict")?.textContent.includes("taken for")`,
  );
  await page.screenshot({ path: `${out}/squeezenet_fool.jpg`, quality: 85 });
  await timed("#/dream?image=file", `document.querySelector(".begin")`);
  const begin = performance.now();
  await page.click(".begin");
  await until(page, `/Step \\d/.test(document.querySelector(".making").textContent)`, 60);
  times["first dream step"] = (performance.now() - begin) / 1000;
  await page.click(".stop");
  await until(page, `document.querySelector(".making p").textContent.startsWith("Stopped")`, 60);
  await page.screenshot({ path: `${out}/squeezenet_dream.jpg`, quality: 85 });
  console.log(
    Object.entries(times).map(([name, seconds]) => `${name} ${seconds.toFixed(2)} s`).join(", "),
  );
  await page.close();
  assertEquals(faults, []);
}, missing ?? (hasSharedData ? undefined : "../shared/data cannot be read"));

webTest("the server and the browser end", async () => void await (await shared)?.stop());
