// The picture of a model in true proportions: all layers are there, in their sizes.
import { assert, assertEquals, assertGreater } from "@std/assert";
import { blockDrawing } from "../../lib/sizing/mod.ts";
import { dense, graph, layersOf, models, type Shape } from "../../mod.ts";

type Body = { readonly path: string; readonly folded: string[]; readonly faces: number[][][] };

/** The blocks of a picture: paths, and the corners of top, side and front. */
function bodies(svg: string): Body[] {
  const groups = [
    ...svg.matchAll(
      /<g class="block [^"]*" data-path="([^"]*)" data-folded="([^"]*)">(.*?)<\/g>/gs,
    ),
  ];
  return groups.map(([, path, folded, inner]) => ({
    path: path!,
    folded: folded === "" ? [] : folded!.split(" "),
    faces: [...inner!.matchAll(/<polygon points="([^"]+)"/g)].map(([, points]) =>
      points!.split(" ").map((point) => point.split(",").map(Number))
    ),
  }));
}

const spread = (points: number[][], axis: 0 | 1): number =>
  Math.max(...points.map((one) => one[axis]!)) - Math.min(...points.map((one) => one[axis]!));

for (const [name, { build, inputShape }] of Object.entries(models)) {
  Deno.test(`the picture of ${name} has all layers that compute, once`, () => {
    const model = build({});
    const shape = inputShape as Shape;
    const svg = blockDrawing(model, shape, { title: name });
    assert(!svg.includes("NaN") && !svg.includes("undefined"));
    const shown = bodies(svg).flatMap(({ path, folded }) => [path, ...folded]);
    assertEquals(new Set(shown).size, shown.length);
    const known = layersOf(model, shape);
    const strange = shown.filter((path) => path !== "input" && !known.has(path));
    assertEquals(strange, []);
    // Convolutions and dense layers are never left out.
    const heavy = [...known].filter(([path, { op }]) =>
      (op === "conv" || op === "dense") && path !== "" && !shown.includes(path)
    );
    assertEquals(heavy.map(([path]) => path), []);
  });
}

Deno.test("fronts are as high as maps, and as wide as they are many", () => {
  const svg = blockDrawing(models.vgg16!.build({}), [224, 224, 3], { title: "VGG-16" });
  const found = new Map(bodies(svg).map(({ path, faces }) => [path, faces.at(-1)!]));
  const [first, third] = [found.get("conv1_1")!, found.get("conv3_1")!];
  assertEquals(Math.round(10 * spread(first, 1) / spread(third, 1)) / 10, 4);
  assertEquals(Math.round(10 * spread(third, 0) / spread(first, 0)) / 10, 4);
  assertGreater(spread(found.get("conv5_1")!, 0), spread(third, 0));
});

Deno.test("shortcuts are drawn as such, and titles are escaped", () => {
  const svg = blockDrawing(models.resnet20!.build({}), [32, 32, 3], { title: "<&>" });
  assertGreater([...svg.matchAll(/class="wire skips"/g)].length, 10);
  assert(svg.includes("&lt;&amp;&gt;") && !svg.includes("<&>"));
});

Deno.test("several inputs come together, and a graph's links pass over what is between", () => {
  const model = graph({
    left: { layer: dense({ features: 3 }), from: "a" },
    right: { layer: dense({ features: 3 }), from: "b" },
    both: { from: ["left", "right", "a"] },
    last: dense({ features: 2 }),
  }, { inputs: ["a", "b"] });
  const svg = blockDrawing(model, { a: [4], b: [5] }, { title: "two inputs" });
  assertEquals(bodies(svg).map(({ path }) => path), ["a", "b", "left", "right", "both", "last"]);
});
