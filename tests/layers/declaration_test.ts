// What layers declare, and the parameters that are made of it.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  batchNorm,
  conv,
  countParameters,
  dense,
  disposeTree,
  entries,
  flatten,
  globalMeanPool,
  init,
  key,
  type Layer,
  leaves,
  maxPool,
  padTo,
  parallel,
  relu,
  residual,
  sequential,
  type Shape,
  tf,
  type Tree,
} from "../../mod.ts";
import { onCpu } from "../backends.ts";

async function values(tree: Tree): Promise<Record<string, number[]>> {
  const pairs = await Promise.all(
    entries(tree).map(async ([path, leaf]) => [path, Array.from(await leaf.data())]),
  );
  return Object.fromEntries(pairs);
}

onCpu("the same key gives the same parameters, another key others", async () => {
  const model = sequential({ a: dense({ features: 4 }), b: dense({ features: 3 }) });
  const once = await values(init(model, key(3), [5]).params);
  assertEquals(await values(init(model, key(3), [5]).params), once);
  const other = await values(init(model, key(4), [5]).params);
  assertNotEquals(other["a/kernel"], once["a/kernel"]);
});

onCpu("layers of one shape begin with different values", async () => {
  const model = sequential({ a: dense({ features: 4 }), b: dense({ features: 4 }) });
  const made = await values(init(model, key(3), [4]).params);
  assertNotEquals(made["a/kernel"], made["b/kernel"]);
});

onCpu("a layer's first values do not change when others are added beside it", async () => {
  const small = sequential({ a: dense({ features: 4 }), z: dense({ features: 3 }) });
  const large = sequential({
    before: relu(),
    a: dense({ features: 4 }),
    between: batchNorm(),
    z: dense({ features: 3 }),
    after: dense({ features: 2 }),
  });
  const [few, many] = await Promise.all(
    [small, large].map((model) => values(init(model as Layer, key(3), [5]).params)),
  );
  for (const path of Object.keys(few!)) assertEquals(many![path], few![path]);
});

Deno.test("declaring allocates no tensor", () => {
  const before = tf.memory().numTensors;
  const model = sequential({
    conv: conv({ features: 8, size: 3, groups: 4 }),
    norm: batchNorm(),
    block: residual(conv({ features: 8, size: 3, padding: "same" })),
    pool: globalMeanPool(),
    logits: dense({ features: 10 }),
  });
  const declared = model.declare([224, 224, 512]);
  assertEquals(declared.shape, [10]);
  assertEquals(countParameters(declared.params), 9224 + 16 + 584 + 90);
  assertEquals(countParameters(declared.state), 16);
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("a declaration lists its layers in the order they run, with their shapes", () => {
  const model = sequential({
    conv: conv({ features: 4, size: 3 }),
    block: residual(relu()),
    pool: maxPool(),
  });
  const children = model.declare([8, 8, 1]).children!;
  assertEquals(
    children.map(({ name, layer, inputShape, declaration }) => [
      name,
      layer.op,
      inputShape,
      declaration.shape,
    ]),
    [
      ["conv", "conv", [8, 8, 1], [6, 6, 4]],
      ["block", "residual", [6, 6, 4], [6, 6, 4]],
      ["pool", "maxPool", [6, 6, 4], [3, 3, 4]],
    ],
  );
  assertEquals(
    children[1]!.declaration.children!.map(({ name }) => name),
    ["body", "shortcut"],
  );
});

onCpu("init makes what was declared, and the caller can free it", () => {
  const before = tf.memory().numTensors;
  const model = sequential({ conv: conv({ features: 4, size: 3 }), norm: batchNorm() });
  const declared = model.declare([8, 8, 3]);
  const made = init(model, key(0), [8, 8, 3]);
  assertEquals(made.outputShape, declared.shape);
  assertEquals(countParameters(made.params), countParameters(declared.params));
  assertEquals(countParameters(made.state), countParameters(declared.state));
  assert(leaves(made.params).every((leaf) => leaf.dtype === "float32"));
  disposeTree(made.params);
  disposeTree(made.state);
  assertEquals(tf.memory().numTensors, before);
});

onCpu("every layer's output has the declared shape", () => {
  const layers: [Layer, Shape][] = [
    [conv({ features: 3, size: [3, 2], stride: [2, 1], padding: 1 }) as Layer, [7, 6, 2]],
    [conv({ features: 4, size: 3, stride: 2, padding: "same", dilation: 2, groups: 2 }) as Layer, [
      7,
      6,
      2,
    ]],
    [maxPool({ size: 3, stride: 2 }) as Layer, [8, 7, 2]],
    [maxPool({ size: [3, 2], padding: 1 }) as Layer, [8, 7, 2]],
    [globalMeanPool() as Layer, [4, 5, 6]],
    [flatten() as Layer, [4, 5, 6]],
    [padTo(9, 8) as Layer, [8, 5, 1]],
    [dense({ features: 3 }) as Layer, [4]],
    [batchNorm() as Layer, [4, 5, 6]],
    [parallel({ a: relu(), b: conv({ features: 5, size: 1 }) }) as Layer, [4, 3, 2]],
    [parallel({ a: relu(), b: relu() }, "sum") as Layer, [4, 3, 2]],
    [sequential({}) as Layer, [4, 3]],
  ];
  for (const [layer, shape] of layers) {
    const made = init(layer, key(0), shape);
    const [y] = layer.apply(made.params, made.state, tf.ones([2, ...shape]), { training: true });
    assertEquals(y.shape, [2, ...made.outputShape], layer.op);
  }
});
