// Drawings of models: what is seen, and that nothing lies over anything else.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type AnyLayer,
  batchNorm,
  conv,
  dense,
  globalMeanPool,
  identity,
  type Layer,
  layers,
  maxPool,
  models,
  parallel,
  relu,
  residual,
  sequential,
} from "../../mod.ts";
import { comparisonChart, drawing, sizeOfModel } from "../../lib/sizing/mod.ts";
import { assertWellFormed, boxesOf, framesOf, overlap, sizeOfPicture } from "./svg_parts.ts";

/** A drawing of a layer over 28 × 28 × 8. */
function draw(layer: AnyLayer, title = "test"): string {
  return drawing(layer, [28, 28, 8], { title });
}

const one = (features = 8): Layer => conv({ features, size: 1 }) as Layer;
const three = (features = 8): Layer => conv({ features, size: 3, padding: 1 }) as Layer;

/** An Inception module. */
function inception(): AnyLayer {
  return parallel({
    branch1: one(),
    branch2: sequential({ reduce: one(4), relu: relu(), main: three(16) }),
    branch3: sequential({ pool: maxPool({ size: 3, stride: 1, padding: 1 }), project: one(8) }),
  });
}

/** A residual block as models have it. */
function block(shortcut?: AnyLayer): AnyLayer {
  const body = sequential({ a: three(), norm: batchNorm(), relu: relu(), b: three() });
  return sequential({ sum: residual(body as Layer, shortcut as Layer), relu: relu() });
}

/** Asserts that a drawing is well-formed, with all in the picture and no box over another. */
function assertClear(svg: string, name: string): void {
  assertWellFormed(svg);
  const boxes = boxesOf(svg);
  const [width, height] = sizeOfPicture(svg);
  for (const rect of [...boxes, ...framesOf(svg)]) {
    const inside = rect.x >= 0 && rect.y >= 0 && rect.x + rect.width <= width &&
      rect.y + rect.height <= height;
    assert(inside, `${name}: ${JSON.stringify(rect)} of ${width} × ${height}`);
  }
  boxes.forEach((a, i) =>
    boxes.slice(i + 1).forEach((b) => assert(!overlap(a, b), `${name}: ${a.lines} over ${b.lines}`))
  );
  const frames = framesOf(svg);
  frames.forEach((a, i) =>
    frames.slice(i + 1).forEach((b) => assert(!overlap(a, b), `${name}: ${a.title}, ${b.title}`))
  );
}

Deno.test("an Inception module's branches stand side by side in its frame, above their join", () => {
  const svg = draw(sequential({ first: three(), mixed: inception() }));
  assertClear(svg, "inception");
  const [frame] = framesOf(svg);
  assertEquals(frame!.title, "mixed");
  const boxes = boxesOf(svg);
  const find = (name: string): typeof boxes[0] => boxes.find(({ lines }) => lines[0] === name)!;
  const firsts = ["branch1", "reduce", "pool"].map(find);
  assertEquals(new Set(firsts.map(({ y }) => y)).size, 1);
  assert(firsts[0]!.x < firsts[1]!.x && firsts[1]!.x < firsts[2]!.x);
  const join = find("concat");
  assertEquals(join.lines, ["concat", "28×28×32"]);
  assert(boxes.filter((box) => overlap(box, frame!)).length === 6);
  assert(join.y > Math.max(...["main", "project"].map((name) => find(name).y)));
  for (const caption of ["branch2", "branch3"]) assertStringIncludes(svg, `>${caption}</text>`);
});

Deno.test("a residual link leads around its body into the sum", () => {
  const svg = draw(block());
  assertClear(svg, "residual");
  assertEquals(svg.match(/class="residual"/g)!.length, 1);
  const boxes = boxesOf(svg);
  assertEquals(boxes.map(({ lines }) => lines), [
    ["input", "28×28×8"],
    ["add", "+ relu", "28×28×8"],
    ["a", "conv 3×3", "+ batchNorm", "+ relu", "28×28×8"],
    ["b", "conv 3×3", "28×28×8"],
  ]);
  const path = /d="M([^"]*)"[^>]*class="residual"/.exec(svg)![1]!;
  const xs = [...path.matchAll(/(-?[\d.]+) -?[\d.]+/g)].map(([, x]) => Number(x));
  assert(Math.max(...xs) > Math.max(...boxes.map(({ x, width }) => x + width)));
});

Deno.test("a shortcut that computes has its boxes on the link", () => {
  const svg = draw(block(sequential({ conv: one(), norm: batchNorm() })));
  assertClear(svg, "shortcut");
  const shortcut = boxesOf(svg).find(({ lines }) => lines[0] === "shortcut")!;
  assertEquals(shortcut.lines, ["shortcut", "conv 1×1", "+ batchNorm", "28×28×8"]);
  assertEquals(svg.match(/class="residual"/g)!.length, 2);
});

Deno.test("modules that are alike are drawn once, with how often they are there", () => {
  const svg = draw(sequential({
    stage: sequential({ block1: block(), block2: block(), block3: block(), last: inception() }),
  }));
  assertEquals(framesOf(svg).map(({ title }) => title), [
    "stage/block1 … block3  (3 ×)",
    "stage/last",
  ]);
});

Deno.test("boxes are painted by parameters and window, your own layers' too", () => {
  const own: Layer = { ...dense({ features: 8 }) as Layer, op: "mine" };
  const svg = draw(sequential({
    conv: one(),
    norm: layers.groupNorm({ groups: 1 }),
    pool: maxPool(),
    mean: globalMeanPool(),
    own,
  }));
  assertEquals(boxesOf(svg).map(({ paint }) => paint), [
    "other",
    "convolution",
    "normalization",
    "pooling",
    "pooling",
    "dense",
  ]);
});

Deno.test("names are escaped, and long ones cut short", () => {
  const long = "a".repeat(200);
  const svg = draw(
    sequential({ ['<b>&"\u0000\ud800']: one(), [long]: one() }),
    `</title><script>"&'`,
  );
  assertClear(svg, "escapes");
  assert(!svg.includes(long) && !svg.includes("<script>"));
  assertStringIncludes(svg, "&lt;b&gt;&amp;&quot;\ufffd\ufffd");
  assertStringIncludes(svg, "…aaa");
});

Deno.test("odd models are drawn: none of layers, single layers, branches without boxes, branches in branches", () => {
  const odd: Record<string, AnyLayer> = {
    empty: sequential({}),
    single: one(),
    identity: identity(),
    branches: inception(),
    nothing: parallel({ a: identity(), b: identity() }, "sum"),
    nested: parallel({ a: inception(), b: sequential({ c: one(), d: inception() }) }),
    inner: residual(block() as Layer),
  };
  for (const [name, layer] of Object.entries(odd)) assertClear(draw(layer), name);
  assertClear(drawing(dense({ features: 2 }) as Layer, [5], { title: "vector" }), "vector");
});

Deno.test("every model of the registry is drawn, clearly and to be read at 1,000 pixels' width", () => {
  for (const [name, { build, inputShape }] of Object.entries(models)) {
    for (const auxiliary of [false, true]) {
      const svg = drawing(build({ auxiliary }), inputShape, { title: name });
      assertClear(svg, name);
      assert(sizeOfPicture(svg)[0] <= 1110, name);
    }
  }
});

Deno.test("the zoo's drawings have what their papers draw", () => {
  const svgOf = (name: string): string =>
    drawing(models[name]!.build(), models[name]!.inputShape, { title: name });
  assertEquals(framesOf(svgOf("googlenet")).length, 9);
  // Two blocks of each of four stages, alike ones once.
  assertEquals(framesOf(svgOf("resnet50")).length, 8);
  assertEquals(framesOf(svgOf("vgg16")).length, 0);
  assertEquals(boxesOf(svgOf("vgg16")).filter(({ paint }) => paint === "convolution").length, 13);
});

Deno.test("a comparison's bars are as long as what they stand for", () => {
  const compared = ["lenet5", "resnet20"].map((name, i) => ({
    name,
    size: sizeOfModel(models[name]!.build(), models[name]!.inputShape),
    result: { year: 2000 + i, error: 10 / (i + 1), ...(i ? { of: "a <sister>" } : {}) },
  }));
  const svg = comparisonChart(compared);
  assertWellFormed(svg);
  const bars = [...svg.matchAll(/<rect[^>]* width="([\d.]+)"[^>]*class="bar"/g)].map(([, width]) =>
    Number(width)
  );
  assertEquals(bars.length, 10);
  const ratio = (column: number): number => bars[2 * column]! / bars[2 * column + 1]!;
  const near = (a: number, b: number): void => assert(Math.abs(a - b) < 0.01, `${a}, ${b}`);
  near(ratio(0), 2);
  near(ratio(1), 5 / 20);
  near(ratio(2), 61706 / 269722);
  assertStringIncludes(svg, "resnet20: 5 % is the error of a &lt;sister&gt;.");
});

Deno.test("a comparison without errors has no column for them", () => {
  const size = sizeOfModel(relu() as Layer, [4]);
  const svg = comparisonChart([{ name: "relu", size }]);
  assertWellFormed(svg);
  assert(!svg.includes("error"));
  assertEquals(svg.match(/class="bar"/g)!.length, 4);
});
