// VGG of four depths: counts, shapes, heads, options.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { countParameters } from "../../lib/layers/layer.ts";
import {
  dense,
  key,
  sequential,
  type Shape,
  tf,
  vgg,
  vgg16,
  vgg19,
  type VggOptions,
} from "../../mod.ts";
import { onCpu } from "../backends.ts";
import { numbersOf } from "../closeness.ts";
import { countOf, layerOf, shapesOf } from "./sizes.ts";
import { type ModelName, MODELS } from "./table.ts";

const IMAGE: Shape = [224, 224, 3];

const vgg11 = (options: Omit<VggOptions, "depth"> = {}) => vgg({ ...options, depth: 11 });

/** Those of the three dense layers. */
const DENSE = 123642856;

Deno.test("VGG of every depth, with and without batch normalization, has its parameters", () => {
  for (const depth of [11, 13, 16, 19] as const) {
    const [plain, normalized] = [MODELS[`vgg${depth}`], MODELS[`vgg${depth}-bn`]];
    assertEquals(countOf(vgg({ depth }), IMAGE), plain.parameters);
    assertEquals(countOf(vgg({ depth, batchNorm: true }), IMAGE), normalized.parameters);
    const ten = vgg({ depth, batchNorm: true, numClasses: 10 });
    assertEquals(countOf(ten, IMAGE), normalized.parameters - 990 * 4097);
  }
});

Deno.test("VGG's first dense layer has the 102,760,448 weights of §12.7.4, its dense part 123,642,856", () => {
  const layers = vgg16().declare(IMAGE).children!;
  const learned = (name: string): number =>
    countParameters(layers.find((child) => child.name === name)!.declaration.params);
  assertEquals(learned("fc6") - 4096, 102760448);
  assertEquals(learned("fc6") + learned("fc7") + learned("logits"), DENSE);
});

Deno.test("VGG-16's layers have the sizes of Figure 12.18", () => {
  const maps = (stage: number, count: number, size: number, features: number) => [
    ...Array.from({ length: count }, (_, i) => [
      [`conv${stage}_${i + 1}`, [size, size, features]],
      [`relu${stage}_${i + 1}`, [size, size, features]],
    ]).flat(),
    [`pool${stage}`, [size / 2, size / 2, features]],
  ];
  const sizes: [string, Shape][] = Object.entries(shapesOf(vgg16(), IMAGE));
  assertEquals<unknown>(sizes, [
    ...maps(1, 2, 224, 64),
    ...maps(2, 2, 112, 128),
    ...maps(3, 3, 56, 256),
    ...maps(4, 3, 28, 512),
    ...maps(5, 3, 14, 512),
    ["flatten", [25088]],
    ["fc6", [4096]],
    ["relu6", [4096]],
    ["drop6", [4096]],
    ["fc7", [4096]],
    ["relu7", [4096]],
    ["drop7", [4096]],
    ["logits", [1000]],
  ]);
});

Deno.test("VGG-19 has 16 convolutions, each batch-normalized between it and its ReLU if asked for", () => {
  const plain = Object.keys(shapesOf(vgg19(), IMAGE));
  assertEquals(plain.filter((name) => name.startsWith("conv")).length, 16);
  assertEquals(plain.filter((name) => name.startsWith("norm")), []);
  const normalized = Object.keys(shapesOf(vgg19({ batchNorm: true }), IMAGE));
  const places = normalized.flatMap((name, i) => name.startsWith("norm") ? [i] : []);
  assertEquals(places.length, 16);
  for (const i of places) {
    const at = normalized[i]!.slice("norm".length);
    assertEquals([normalized[i - 1], normalized[i + 1]], [`conv${at}`, `relu${at}`]);
  }
});

Deno.test("the averaged head of §12.7.4 makes 512 numbers of 7 × 7 × 512", () => {
  const sizes = shapesOf(vgg16({ head: "mean" }), IMAGE);
  assertEquals(
    Object.entries(sizes).slice(-4),
    [["pool5", [7, 7, 512]], ["pool", [512]], ["drop", [512]], ["logits", [1000]]],
  );
  for (const depth of [11, 13, 16, 19] as const) {
    for (const batchNorm of [false, true]) {
      const { parameters } = MODELS[`vgg${depth}${batchNorm ? "-bn" : ""}` as ModelName];
      const model = vgg({ depth, batchNorm, head: "mean", numClasses: 10 });
      for (const shape of [IMAGE, [32, 64, 3]]) {
        assertEquals(countOf(model, shape), parameters - DENSE + 513 * 10, `${depth} at ${shape}`);
      }
    }
  }
});

Deno.test("without a head VGG ends in features that a dense layer takes", () => {
  const body = vgg16({ head: false });
  assertEquals(countOf(body, IMAGE), MODELS.vgg16.parameters - DENSE);
  const whole = sequential({ body, logits: dense({ features: 5 }) });
  const fc7 = vgg16({ head: "fc7" });
  assertEquals([fc7.declare(IMAGE).shape, countOf(fc7, IMAGE)], [
    [4096],
    MODELS.vgg16.parameters - 4097000,
  ]);
  assertEquals([body.declare(IMAGE).shape, whole.declare(IMAGE).shape], [[25088], [5]]);
});

Deno.test("images too small for VGG, and options that are none, are refused", () => {
  for (const head of ["dense", "mean", "fc7", false] as const) {
    assertThrows(
      () => vgg11({ head }).declare([31, 32, 3]),
      RangeError,
      'In "pool5": Cannot apply a maxPool layer to [1,2,512]: its window must fit into the padded input, got 2 over 1',
    );
  }
  assertThrows(() => vgg11().declare([224]), TypeError, 'In "conv1_1": ');
  for (const numClasses of [0, -1, 1.5, NaN]) {
    assertThrows(() => vgg11({ numClasses }), RangeError, `got ${numClasses}`);
    assertThrows(() => vgg11({ numClasses, head: "mean" }), RangeError, `got ${numClasses}`);
  }
  for (const depth of [12, 0, NaN]) {
    assertThrows(
      () => vgg({ depth: depth as 11 }),
      RangeError,
      `Cannot make VGG: its depth must be 11, 13, 16 or 19, got ${depth}`,
    );
  }
  assertThrows(
    () => vgg16({ head: "max" as "mean" }),
    RangeError,
    'Cannot make VGG: its head must be "dense", "mean", "fc7" or false, got "max"',
  );
});

onCpu("VGG's rate of dropout is 0.5, or as told", async () => {
  const shares = [[{}, 0.5], [{ dropout: 0.2 }, 0.2], [{ dropout: 0 }, 0]] as const;
  for (const [options, wanted] of shares) {
    const names = [[vgg11(options), "drop6"], [vgg11(options), "drop7"]] as const;
    for (
      const [model, name] of [...names, [vgg11({ ...options, head: "mean" }), "drop"] as const]
    ) {
      const layer = layerOf(model, IMAGE, name);
      const context = { training: true, key: key(5) };
      const [y] = layer.apply({}, {}, tf.ones([1, 4096]), context);
      const dropped = Array.from(await numbersOf(y)).filter((unit) => unit === 0).length / 4096;
      assert(Math.abs(dropped - wanted) < 0.03, `${name}: ${dropped} instead of ${wanted}`);
    }
  }
});
