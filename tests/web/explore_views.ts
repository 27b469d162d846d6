// `deno task test:web`: each view of the explorer, used as people do; its numbers are the library's.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { ablate, activations, receptiveBoxes, saliency } from "../../lib/explain/mod.ts";
import { fgsm } from "../../lib/generate/mod.ts";
import { preprocess } from "../../lib/image/mod.ts";
import { sizeOfModel } from "../../lib/sizing/mod.ts";
import { mnist, predict, readExamples, tf } from "../../mod.ts";
import { barsOf, lastTest, library, out, pageTest, textOf, until } from "./in_browser.ts";

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

lastTest();
