// Maximally activating patches (§12.9.3): boxes by gradients, peaks and reconstructions by plain searches.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  activations,
  type BackwardRule,
  inputGradient,
  neuron,
  type Patch,
  patchesFigure,
  type PixelBox,
  receptiveBoxes,
  topPatches,
} from "../../lib/explain/mod.ts";
import {
  adaptiveMeanPool,
  batchNorm,
  conv,
  dense,
  type Examples,
  flatten,
  init,
  key,
  type Layer,
  layers,
  layersOf,
  lenet5,
  maxPool,
  meanPool,
  type Network,
  padTo,
  parallel,
  type Path,
  relu,
  resnet20,
  sequential,
  type Shape,
  squeezenet,
  tanh,
  tf,
} from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { cropTo } from "../../lib/explain/patches/receptive_boxes.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { toyExamples } from "../train/toy.ts";

/** The smallest box of pixels with a nonzero gradient, over random images. */
async function boxBySlopes(
  network: Network,
  shape: Shape,
  path: Path,
  at: readonly [number, number],
  images: number,
): Promise<PixelBox> {
  const x = tf.tensor(uniformArray(key(3), images * shape[0]! * shape[1]! * shape[2]!, -1, 1), [
    images,
    ...shape,
  ]);
  // The neurons of all channels at the position.
  const [row, column] = at;
  const all = {
    ...neuron(path, 0, at),
    score: (output: (path: Path) => tf.Tensor) => {
      const maps = output(path);
      return tf.sum(tf.slice(maps, [0, row, column, 0], [maps.shape[0]!, 1, 1, maps.shape[3]!]))
        .asScalar();
    },
  };
  const { gradient, scores } = inputGradient(network, x, all);
  const slopes = await gradient.data();
  tf.dispose([x, gradient, scores]);
  const [height, width, channels] = shape as [number, number, number];
  let [top, left, bottom, right] = [Infinity, Infinity, -1, -1];
  slopes.forEach((slope, i) => {
    if (slope === 0) return;
    const pixel = Math.floor(i / channels) % (height * width);
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    [top, left] = [Math.min(top, y), Math.min(left, x)];
    [bottom, right] = [Math.max(bottom, y), Math.max(right, x)];
  });
  return { top, left, height: bottom - top + 1, width: right - left + 1 };
}

/** The part of a box inside the image. */
function inImage({ top, left, height, width }: PixelBox, [rows, columns]: Shape): PixelBox {
  const [y, x] = [Math.max(0, top), Math.max(0, left)];
  return {
    top: y,
    left: x,
    height: Math.min(rows!, top + height) - y,
    width: Math.min(columns!, left + width) - x,
  };
}

const small = sequential({
  first: conv({ features: 4, size: [3, 5], stride: [2, 1], padding: "same" }),
  relu1: relu(),
  pool: maxPool({ size: 3, stride: 2, rounding: "ceil" }),
  both: parallel({
    one: sequential({ conv: conv({ features: 3, size: 1 }), relu: relu() }),
    three: sequential({ conv: conv({ features: 3, size: 3, padding: 1 }), norm: batchNorm() }),
  }),
  mean: meanPool(),
}) as Layer;

const CASES: readonly (readonly [string, Layer, Shape, readonly Path[], number])[] = [
  ["a small model", small, [32, 27, 2], ["first", "pool", "both/one", "both", "mean"], 24],
  ["LeNet-5", lenet5() as Layer, [28, 28, 1], ["conv1", "pool1", "conv2", "pool2"], 24],
  ["ResNet-20", resnet20() as Layer, [32, 32, 3], ["stage1/block1", "stage1/block2/sum"], 12],
  ["SqueezeNet", squeezenet() as Layer, [67, 67, 3], ["conv1", "fire2", "fire2/squeeze"], 6],
];

for (const [name, model, shape, paths, images] of CASES) {
  onCpu(`in ${name} the gradient of a neuron fills its box, and is zero outside`, async () => {
    const network = init(model, key(2), shape);
    const x = tf.zeros([1, ...shape]);
    const maps = activations(network, x, paths);
    for (const path of paths) {
      const [, rows, columns] = maps.get(path)!.shape as [number, number, number, number];
      const boxOf = receptiveBoxes(model, shape, path);
      for (const at of [[0, 0], [rows >> 1, columns >> 1], [rows - 1, columns - 1]] as const) {
        const found = await boxBySlopes(network, shape, path, at, images);
        assertEquals(found, inImage(boxOf(at[0], at[1]), shape), `${path} at ${at}`);
      }
    }
  });
}

/** Behind a stride, layers whose windows lie unevenly: a fraction of a pixel there is pixels here. */
const UNEVEN: readonly (readonly [string, Layer, number])[] = [
  ["adaptive means, 8 to 5", adaptiveMeanPool(5, 3) as Layer, 24],
  ["adaptive means, 8 to 7 and 11", adaptiveMeanPool(7, 11) as Layer, 24],
  ["pixels shuffled", layers.pixelShuffle(2) as Layer, 24],
  ...[3, 4, 5].flatMap((size) =>
    [2, 3].map((stride) =>
      [
        `a transposed convolution of ${size} by ${stride}`,
        layers.convTranspose({ features: 2, size, stride, padding: 1, dilation: [1, 2] }) as Layer,
        24,
      ] as const
    )
  ),
  ...(["nearest", "bilinear"] as const).flatMap((method) =>
    (["half-pixel", "align-corners", "asymmetric"] as const).flatMap((align) =>
      [[3, 2], [13, 1], [16, 20]].map((size) =>
        [
          `${method}, ${align}, 8 to ${size}`,
          layers.upsample({ method, align, size: size as [number, number] }) as Layer,
          24,
        ] as const
      )
    )
  ),
];

for (const [name, layer, side] of UNEVEN) {
  onCpu(`boxes have all that neurons see: ${name}`, async () => {
    const model = sequential({
      first: conv({ features: 4, size: 3, stride: 3, padding: "valid" }),
      uneven: layer,
      after: conv({ features: 1, size: 2, padding: "same" }),
    }) as Layer;
    const shape = [side, side, 1];
    const network = init(model, key(2), shape);
    for (const path of ["uneven", "after"]) {
      const { shape: [rows, columns] } = layersOf(model, shape).get(path)!;
      const boxOf = receptiveBoxes(model, shape, path);
      const length = Math.max(rows!, columns!);
      for (let i = 0; i < length; i++) {
        const at = [i % rows!, columns! - 1 - i % columns!] as const;
        const found = await boxBySlopes(network, shape, path, at, 2);
        if (found.height < 0) continue; // Beyond the input, of which only the bias is seen.
        const box = inImage(boxOf(...at), shape);
        const name = `${path} at ${at}: ${JSON.stringify({ found, box })}`;
        assert(found.top >= box.top && found.left >= box.left, name);
        assert(found.top + found.height <= box.top + box.height, name);
        assert(found.left + found.width <= box.left + box.width, name);
      }
    }
  });
}

Deno.test("branches at other strides have no field in common, and are refused", () => {
  const model = sequential({
    both: parallel({
      near: layers.upsample({ size: 4 }),
      far: maxPool({ size: 2, stride: 1 }),
    }),
  });
  assertThrows(() => receptiveBoxes(model, [5, 5, 1], "both"), TypeError, "got unknown");
});

Deno.test("boxes are the receptive field, or the whole image if that is smaller", () => {
  const shape = [32, 32, 3];
  const first = receptiveBoxes(resnet20(), shape, "conv1");
  assertEquals(first(0, 31), { top: -1, left: 30, height: 3, width: 3 });
  const last = receptiveBoxes(resnet20(), shape, "stage3");
  assertEquals(last(0, 7), { top: 0, left: 0, height: 32, width: 32 });
});

Deno.test("a crop is gray, or another value, beyond the image", () => {
  const image = {
    width: 2,
    height: 2,
    channels: 1,
    pixels: new Float32Array([1, 2, 3, 4]),
  } as const;
  const crop = (top: number, left: number, height: number, width: number, outside?: number) => [
    ...cropTo(image, { top, left, height, width }, outside).pixels,
  ];
  assertEquals(crop(0, 0, 2, 2), [1, 2, 3, 4]);
  assertEquals(crop(-1, -1, 2, 2), [0.5, 0.5, 0.5, 1]);
  assertEquals(crop(1, 1, 2, 2, 0), [4, 0, 0, 0]);
  assertEquals(crop(-1, -1, 4, 4, 0), [0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0]);
  assertEquals(crop(5, 5, 1, 2, 0), [0, 0]);
});

const seen = sequential({
  conv1: conv({ features: 5, size: 3, padding: "same" }),
  relu1: relu(),
  pool1: maxPool(),
  conv2: conv({ features: 6, size: 3, padding: "same" }),
  relu2: relu(),
  flatten: flatten(),
  logits: dense({ features: 3 }),
}) as Layer;

function networkOf(model: Layer): Network {
  return init(model, key(4), [8, 8, 1]);
}

const MOMENTS = { mean: [0.4], std: [0.3] };

function inputsOf(examples: Examples): tf.Tensor {
  const values = Float32Array.from(examples.images, (byte) => (byte / 255 - 0.4) / 0.3);
  return tf.tensor(values, [examples.labels.length, ...examples.imageShape]);
}

onEachBackend("patches are the most active of all images and positions", async () => {
  const [network, examples] = [networkOf(seen), toyExamples(23)];
  const maps = activations(network, inputsOf(examples), ["relu2"])
    .get("relu2")!;
  const values = await maps.data();
  const before = tf.memory().numTensors;
  const found = await topPatches(network, examples, "relu2", [5, 0, 2], {
    count: 4,
    batchSize: 5,
    normalize: MOMENTS,
  });
  assertEquals(tf.memory().numTensors, before);
  assertEquals(found.map(({ unit }) => unit), [5, 0, 2]);
  for (const { unit, patches } of found) {
    const peaks = Array.from({ length: 23 }, (_, example) => {
      const places = Array.from({ length: 16 }, (_, p) => values[(example * 16 + p) * 6 + unit]!);
      const activation = Math.max(...places);
      const place = places.indexOf(activation);
      return { example, row: place >> 2, column: place & 3, activation };
    }).sort((a, b) => b.activation - a.activation || a.example - b.example).slice(0, 4);
    const of = patches.map(({ example, row, column }) => ({ example, row, column }));
    assertEquals(of, peaks.map(({ example, row, column }) => ({ example, row, column })));
    await assertClose(
      patches.map(({ activation }) => activation),
      peaks.map(({ activation }) => activation),
    );
    patches.forEach(({ example, label }) => assertEquals(label, examples.labels[example]));
  }
});

for (const rule of ["backprop", "deconvnet", "guided"] as const) {
  onEachBackend(
    `the reconstruction by ${rule} is the gradient of the neuron in its box`,
    async () => {
      const [network, examples] = [networkOf(seen), toyExamples(12)];
      for (const [path, side] of [["pool1", 4], ["relu2", 8]] as const) {
        const options = { count: 3, rule, normalize: MOMENTS };
        const [first] = await topPatches(network, examples, path, { strongest: 1 }, options);
        for (const patch of first!.patches) {
          assertEquals([patch.crop.width, patch.crop.height], [side, side]);
          await assertPatch(network, examples, path, first!.unit, patch, rule);
        }
      }
    },
  );
}

onCpu("one in a hundred values of a reconstruction is clipped", async () => {
  const model = sequential({ conv1: conv({ features: 2, size: 11 }), relu1: relu() }) as Layer;
  const network = init(model, key(4), [16, 16, 1]);
  const examples: Examples = {
    name: "noise",
    images: Uint8Array.from(uniformArray(key(9), 3 * 256, 0, 255)),
    labels: new Uint8Array(3),
    imageShape: [16, 16, 1],
    classNames: ["noise"],
  };
  const options = { rule: "guided", normalize: MOMENTS } as const;
  const [first] = await topPatches(network, examples, "relu1", { strongest: 1 }, options);
  const [patch] = first!.patches;
  await assertPatch(network, examples, "relu1", first!.unit, patch!, "guided");
  // 121 numbers: the largest, and the one that all are divided by.
  assertEquals(
    patch!.reconstruction.pixels.filter((value) => value === 0 || value === 1).length,
    2,
  );
});

/** Asserts a patch by the public pieces: 0.5 ± 0.5 of the neuron's gradient, and the image. */
async function assertPatch(
  network: Network,
  examples: Examples,
  path: Path,
  unit: number,
  { example, row, column, box, crop, reconstruction }: Patch,
  rule: BackwardRule,
): Promise<void> {
  const [rows, columns] = examples.imageShape;
  const all = inputsOf(examples);
  const one = tf.slice(all, [example, 0, 0, 0], [1, rows, columns, 1]);
  const { gradient } = inputGradient(network, one, neuron(path, unit, [row, column]), { rule });
  const [slopes, inputs] = [await gradient.data(), await one.data()];
  const places = Array.from({ length: box.height * box.width }, (_, i) => {
    const [y, x] = [box.top + Math.floor(i / box.width), box.left + i % box.width];
    return y < 0 || y >= rows || x < 0 || x >= columns ? -1 : y * columns + x;
  });
  const own = places.map((p) => p < 0 ? 0 : slopes[p]!);
  const sizes = own.map(Math.abs).sort((a, b) => a - b);
  const most = sizes[Math.ceil(0.99 * sizes.length) - 1]! || sizes.at(-1)!;
  assert(most > 0, "the gradient is zero");
  const wanted = own.map((slope) => 0.5 + 0.5 * Math.max(-1, Math.min(1, slope / most)));
  await assertClose(reconstruction.pixels, wanted, rule);
  await assertClose(crop.pixels, places.map((p) => p < 0 ? 0.5 : inputs[p]! * 0.3 + 0.4), "crop");
}

onCpu("the strongest units are those with the highest mean peaks", async () => {
  const [network, examples] = [networkOf(seen), toyExamples(10)];
  const mean = (patches: readonly { readonly activation: number }[]): number =>
    patches.reduce((sum, { activation }) => sum + activation, 0) / patches.length;
  const options = { count: 2, jit: false };
  const all = await topPatches(network, examples, "conv1", [0, 1, 2, 3, 4], options);
  const wanted = all.map(({ unit, patches }) => [unit, mean(patches)] as const)
    .sort((a, b) => b[1] - a[1]).slice(0, 3).map(([unit]) => unit);
  const found = await topPatches(network, examples, "conv1", { strongest: 3 }, options);
  assertEquals(found.map(({ unit }) => unit), wanted);
  // Panels of two patches of 3 × 3, twelve times as large, and a gap of 2.
  const panel = 2 * (36 + 2) + 2;
  const { width, height } = patchesFigure(found, { scale: 12, columns: 3 });
  assertEquals(width, 10 + 3 * (4 + 2 * (panel + 4) + 10));
  assertEquals(height, 10 + (4 + 36 + 4 + 22 + 4) + 10);
});

onCpu("invalid requests for patches are refused before any work", async () => {
  const [network, examples] = [networkOf(seen), toyExamples(4)];
  const refused = async (
    path: string,
    units: Parameters<typeof topPatches>[3],
    options: Parameters<typeof topPatches>[4],
    kind: typeof RangeError | typeof TypeError,
    words: string,
  ): Promise<void> => {
    const onProgress = (): void => assert(false, "it began");
    const error = await assertRejects(
      () => topPatches(network, examples, path, units, { onProgress, ...options }),
      kind,
    );
    assert(error.message.includes(words), error.message);
  };
  await refused("relu3", [0], {}, RangeError, 'did you mean "relu1"?');
  await refused("relu2", [0, 6], {}, RangeError, "from 0 to 5, got 6");
  await refused("relu2", [-1], {}, RangeError, "got -1");
  await refused("relu2", { strongest: 7 }, {}, RangeError, "from 1 to 6, got 7");
  await refused("relu2", [0], { count: 5 }, RangeError, "from 1 to 4, got 5");
  await refused("relu2", [0], { count: 0 }, RangeError, "got 0");
  await refused("logits", [0], {}, TypeError, 'got [3] of a layer "dense"');
  await refused("flatten", [0], {}, TypeError, "whose neurons see parts of the image");
  const smooth = sequential({ conv1: conv({ features: 2, size: 3 }), tanh: tanh() }) as Layer;
  await assertRejects(
    () => topPatches(networkOf(smooth), examples, "conv1", [0], { rule: "guided" }),
    TypeError,
    "must have a ReLU",
  );
  assertThrows(() => patchesFigure([{ unit: 0, patches: [] }]), RangeError, "got none");
});

onCpu("padding before the first layer counts", async () => {
  const model = sequential({ pad: padTo(12), conv1: conv({ features: 2, size: 5 }) }) as Layer;
  const network = init(model, key(2), [8, 8, 1]);
  const boxOf = receptiveBoxes(model, [8, 8, 1], "conv1");
  for (const at of [[0, 0], [3, 4], [7, 7]] as const) {
    const found = await boxBySlopes(network, [8, 8, 1], "conv1", at, 2);
    assertEquals(found, inImage(boxOf(at[0], at[1]), [8, 8, 1]));
  }
});
