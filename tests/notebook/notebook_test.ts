// What a notebook shows of values, and progress that is drawn in place.
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { classify, evaluate, explain, fit, lenet5, notebook, sgd, tf } from "../../mod.ts";
import { decodeImage } from "../../lib/image/mod.ts";
import { progressBy } from "../../lib/notebook/progress.ts";
import type { MediaBundle } from "../../lib/notebook/kinds.ts";
import { onCpu } from "../backends.ts";

const DISPLAY = Symbol.for("Jupyter.display");

/** What the kernel gets of a value. */
async function bundleOf(value: unknown): Promise<MediaBundle> {
  return await (value as Record<symbol, () => MediaBundle>)[DISPLAY]!();
}

const picture = { width: 2, height: 1, channels: 1, pixels: Float32Array.of(0, 1) } as const;
const bytesOf = (base64: string): Uint8Array =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

Deno.test("pictures are PNG files, enlarged by whole factors", async () => {
  const one = await bundleOf(notebook.show(picture));
  const { width, height, pixels } = await decodeImage(bytesOf(one["image/png"]!), "shown");
  assertEquals([width, height, pixels[0], pixels[319]], [320, 160, 0, 1]);
  const sheet = await bundleOf(notebook.show([picture, picture, picture]));
  assertEquals(sheet["text/plain"], "3 pictures");
  await decodeImage(bytesOf(sheet["image/png"]!), "shown");
});

Deno.test("texts, tables and classes are escaped and complete", async () => {
  const svg = "<svg></svg>";
  assertEquals(await bundleOf(notebook.show(svg)), { "image/svg+xml": svg });
  assertEquals(await bundleOf(notebook.show("a < b")), { "text/plain": "a < b" });
  const rows = await bundleOf(notebook.show([["<b>", 1], ["c", 2]]));
  assertStringIncludes(rows["text/html"]!, "&#60;b&#62;");
  assertEquals(rows["text/plain"], "<b>\t1\nc\t2");
  const classes = [{ index: 3, name: "cat & dog", probability: 0.75 }];
  const shown = await bundleOf(notebook.show(classes));
  assertStringIncludes(shown["text/html"]!, "cat &#38; dog");
  assertStringIncludes(shown["text/html"]!, "width:75%");
  assertEquals(shown["text/plain"], "cat & dog  75.00 %");
});

/** Images of two classes, which a network learns at once. */
function twoClasses() {
  const images = Uint8Array.from({ length: 8 * 784 }, (_, i) => Math.floor(i / 784) % 2 ? 255 : 0);
  return {
    name: "two",
    images,
    labels: Uint8Array.from({ length: 8 }, (_, i) => i % 2),
    imageShape: [28, 28, 1],
    classNames: ["dark", "light"],
  } as const;
}

onCpu("networks, evaluations, attributions, epochs and tensors of pixels are shown", async () => {
  const examples = twoClasses();
  const model = lenet5({ numClasses: 2 });
  const reports = await Array.fromAsync(
    fit(model, examples, { epochs: 2, batchSize: 4, optimizer: sgd({ learningRate: 0.1 }) }),
  );
  const { network } = reports.at(-1)!;
  assertStringIncludes((await bundleOf(notebook.show(reports)))["image/svg+xml"]!, "2 epochs");
  assertStringIncludes((await bundleOf(notebook.show(network)))["text/plain"]!, "conv1");
  const evaluation = await evaluate(network, examples);
  const shown = await bundleOf(notebook.show(evaluation));
  assertStringIncludes(shown["text/plain"]!, "examples\t8\n");
  assertStringIncludes(shown["text/plain"]!, "accuracy");
  const x = tf.ones([2, 28, 28, 1]);
  const attribution = await explain.saliency(network, x, 0);
  assertEquals((await bundleOf(notebook.show(attribution)))["text/plain"], "saliency of class 0");
  assert((await bundleOf(notebook.show(x)))["image/png"]);
  const other = await bundleOf(notebook.show(tf.tensor1d([1, 2])));
  assertEquals(other, { "text/plain": "float32 tensor [2]" });
  const classes = await classify(network, tf.zeros([28, 28, 1]));
  assertStringIncludes((await bundleOf(notebook.show(classes)))["text/plain"]!, " %");
});

Deno.test("showAll makes the known kinds show themselves, and leaves all others alone", async () => {
  notebook.showAll();
  try {
    assertEquals((await bundleOf(picture))["text/plain"], "picture of 2×1 pixels");
    assertEquals((await bundleOf([["a", 1]]))["text/plain"], "a\t1");
    for (const other of [{}, [], { width: 1 }, new Map(), async () => {}]) {
      assertEquals((other as Record<symbol, unknown>)[DISPLAY], undefined);
    }
    assertEquals(Object.keys({}), []);
    const own = { [DISPLAY]: () => ({ "text/plain": "own" }) };
    assertEquals(await bundleOf(own), { "text/plain": "own" });
    const later: Record<symbol, unknown> = {};
    later[DISPLAY] = () => ({ "text/plain": "later" });
    assertEquals(await bundleOf(later), { "text/plain": "later" });
  } finally {
    delete (Object.prototype as Record<symbol, unknown>)[DISPLAY];
  }
});

onCpu("progress is displayed once and then updated in place, and keeps the curves", async () => {
  const sent: { type: string; content: { data: MediaBundle; transient: object } }[] = [];
  const kernel = {
    broadcast(type: string, content: object) {
      sent.push({ type, content: content as typeof sent[0]["content"] });
      return Promise.resolve();
    },
  };
  const callbacks = [progressBy(kernel, { title: "two classes", epochs: 2 })];
  const options = { epochs: 2, batchSize: 4, optimizer: sgd({ learningRate: 0.1 }), callbacks };
  for await (const _ of fit(lenet5({ numClasses: 2 }), twoClasses(), options));
  const [first, ...others] = sent;
  assertEquals(first!.type, "display_data");
  assert(others.length >= 1 && others.every(({ type }) => type === "update_display_data"));
  assertEquals(new Set(sent.map(({ content }) => JSON.stringify(content.transient))).size, 1);
  const { data } = sent.at(-1)!.content;
  assertStringIncludes(data["text/plain"]!, "epoch 2 of 2, step 2 of 2: loss");
  assertStringIncludes(data["text/html"]!, "two classes");
});

Deno.test("what cannot be shown is refused, and progress outside of a notebook too", () => {
  assertThrows(() => notebook.show({ a: 1 }), TypeError, "got { a }");
  assertThrows(() => notebook.show(undefined), TypeError, "got undefined");
  assertThrows(() => notebook.progress(), TypeError, "no Deno.jupyter");
});
