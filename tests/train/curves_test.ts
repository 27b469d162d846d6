// The picture of a training run.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { curves } from "../../lib/train/report/curves.ts";
import type { EpochRecord } from "../../lib/train/report/history.ts";

function epochs(count: number): EpochRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    epoch: i + 1,
    loss: 0.3 / (i + 1),
    accuracy: 1 - 0.1 / (i + 1),
    valLoss: 0.2 / (i + 1),
    valAccuracy: 1 - 0.05 / (i + 1),
    seconds: 1,
    learningRate: 0.1,
  }));
}

/** The text of each `<text>` element. */
function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);
}

/** How many paths are drawn in a color. */
function strokes(svg: string, color: string): number {
  return svg.split(`stroke="${color}"`).length - 1;
}

Deno.test("curves draws loss and accuracy with axes, legend and last values", async () => {
  const svg = await curves(epochs(3), { title: "lenet5 on mnist" });
  const words = texts(svg);
  for (const word of ["lenet5 on mnist", "loss", "accuracy", "training", "validation"]) {
    assert(words.includes(word), word);
  }
  assertEquals(words.filter((word) => word === "epoch").length, 2);
  assert(!words.includes("single steps"));
  for (const value of ["0.1", "0.0667", "96.67 %", "98.33 %"]) assert(words.includes(value), value);
  assert(strokes(svg, "#0072b2") >= 2 && strokes(svg, "#d55e00") >= 2);
});

Deno.test("curves needs nothing but itself", async () => {
  const svg = await curves(epochs(2), { title: "x" });
  assert(svg.startsWith("<svg") && svg.trimEnd().endsWith("</svg>"));
  assert(!/<script|<image|href=|@import|url\(http/.test(svg));
});

Deno.test("curves escapes the heading", async () => {
  const svg = await curves(epochs(1), { title: `a & <b> "c"` });
  assertStringIncludes(svg, "a &amp; &lt;b&gt;");
});

Deno.test("curves shows one epoch as dots with their values", async () => {
  const words = texts(await curves(epochs(1), { title: "x" }));
  for (const value of ["0.3", "0.2", "90 %", "95 %"]) assert(words.includes(value), value);
});

Deno.test("curves shows single steps, few enough for a small file", async () => {
  const steps = Array.from({ length: 20_000 }, (_, i) => ({ step: i + 1, loss: 3 / (i + 1) }));
  const svg = await curves(epochs(1), { title: "x", steps });
  assert(texts(svg).includes("single steps"));
  assertEquals(strokes(svg, "#a6cee3") >= 1, true);
  assert(svg.length < 40_000, String(svg.length));
});

Deno.test("curves labels a loss over many decades by powers of ten", async () => {
  const steps = [1e3, 1, 1e-3, 1e-6].map((loss, i) => ({ step: i + 1, loss }));
  const words = texts(await curves([], { title: "x", steps, stepsPerEpoch: 4 }));
  assert(words.includes("1000") && words.includes("1e-6") && !words.includes("500"));
});

Deno.test("curves draws a run without validation, with NaN, or with a flat line", async () => {
  const bare = { epoch: 1, loss: 0.5, accuracy: 1, seconds: 1, learningRate: 1 };
  const words = texts(await curves([bare], { title: "x" }));
  assert(words.includes("training") && !words.includes("validation"));
  const svg = await curves([bare, { ...bare, epoch: 2, loss: NaN }], { title: "x" });
  assert(!/NaN|Infinity|undefined/.test(svg));
  assert(
    !/NaN|Infinity/.test(await curves([{ ...bare, loss: 0, accuracy: 0 }], { title: "x" })),
  );
});

Deno.test("curves refuses a run without an epoch or a step", async () => {
  await assertRejects(() => curves([], { title: "x" }), RangeError, "Cannot draw curves");
});
