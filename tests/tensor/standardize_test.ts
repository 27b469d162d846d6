// Sets of mean 0 and variance 1: values, both derivatives, and what the layers made of them cost.
import { assertEquals, assertThrows } from "@std/assert";
import { init, jit, key, layers, tf } from "../../mod.ts";
import { counters } from "../../lib/device/mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { type Sets, standardize } from "../../lib/tensor/standardize.ts";
import { sizeOf } from "../../lib/tensor/tensor.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose, numbersOf } from "../closeness.ts";
import { gpuTest } from "../device/adapter.ts";
import { onEachForm } from "../device/forms.ts";
import { assertGradients } from "../finite_differences.ts";
import { randomTensor } from "../random_tensor.ts";

type Numbers = ArrayLike<number>;

/** The places of each set's numbers. */
function placesOf([examples, positions, groups, width]: Sets): number[][] {
  return Array.from({ length: examples * groups }, (_, set) => {
    const [n, g] = [Math.floor(set / groups), set % groups];
    return Array.from(
      { length: positions },
      (_, p) =>
        Array.from({ length: width }, (_, k) => ((n * positions + p) * groups + g) * width + k),
    ).flat();
  });
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}

/** An operation's numbers and those of its gradients. */
type Numbered = Record<"y" | "x" | "scale" | "shift", Numbers>;

/** The result in double precision, and the slopes of Σ y · dy. */
function reference(
  { x, dy, scale, shift }: Record<"x" | "dy" | "scale" | "shift", Float32Array>,
  sets: Sets,
  epsilon: number,
): Numbered {
  const [y, dx] = [new Float64Array(x.length), new Float64Array(x.length)];
  const [byScale, byShift] = [new Float64Array(scale.length), new Float64Array(scale.length)];
  for (const places of placesOf(sets)) {
    const middle = mean(places.map((i) => x[i]!));
    const factor = 1 / Math.sqrt(mean(places.map((i) => (x[i]! - middle) ** 2)) + epsilon);
    const own = places.map((i) => (x[i]! - middle) * factor);
    const slopes = places.map((i) => dy[i]! * scale[i % scale.length]!);
    const [all, share] = [mean(slopes), mean(slopes.map((slope, n) => slope * own[n]!))];
    places.forEach((i, n) => {
      const c = i % scale.length;
      y[i] = own[n]! * scale[c]! + shift[c]!;
      dx[i] = factor * (slopes[n]! - all - own[n]! * share);
      byScale[c]! += dy[i]! * own[n]!;
      byShift[c]! += dy[i]!;
    });
  }
  return { y, x: dx, scale: byScale, shift: byShift };
}

/** Numbers for a test: with a scale of its features or, where it says so, of whole examples. */
function drawn(sets: Sets, middle: number, whole: boolean) {
  const size = sizeOf(sets);
  const features = whole ? size / sets[0] : sets[2] * sets[3];
  return {
    x: normalArray(key(4), size).map((x) => middle + x),
    dy: normalArray(key(5), size),
    scale: normalArray(key(6), features),
    shift: normalArray(key(7), features),
  };
}

/** The operation of tensors, and its gradients. */
function computed(sets: Sets): (...of: tf.Tensor[]) => tf.Tensor[] {
  const f = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor): tf.Tensor =>
    tf.reshape(
      standardize(tf.reshape(x, [-1, scale.size]), sets, 1e-5, { scale, shift }),
      x.shape,
    );
  return (x, dy, scale, shift) => [
    f(x!, scale!, shift!),
    ...tf.grads(f)([x!, scale!, shift!], dy!),
  ];
}

async function assertResults(
  results: readonly tf.Tensor[],
  expected: Numbered,
  what: string,
): Promise<void> {
  for (const [i, name] of (["y", "x", "scale", "shift"] as const).entries()) {
    await assertClose(results[i]!, expected[name], `${what}, ${name}`);
  }
}

/** Sets of one piece and of many, by fours and not, for one invocation and for many. */
const SETS: readonly Sets[] = [
  [7, 1, 1, 3],
  [5, 1, 1, 1],
  [1, 1, 4, 1],
  [2, 1, 6, 20],
  [3, 1, 1, 1001],
  [1, 1, 1, 5000],
  [1, 5000, 1, 4],
  [2, 7, 3, 1],
  [2, 7, 8, 1],
  [1, 5000, 4, 1],
  [1, 4500, 3, 1],
  [2, 9, 2, 5],
  [2, 9, 3, 12],
  [1, 131, 2, 36],
  [40, 70, 2, 4],
  [1, 3, 2, 2100],
  // As large as is read from textures.
  [1400, 1, 1, 96],
  [2, 1, 2, 9001],
];

/** The layouts with a scale of each feature or, in turn, of each number of an example. */
const SCALED = SETS.map((sets, i) => [sets, i % 2 === 1] as const);

onEachBackend("sets of any layout, far from zero, have mean 0 and variance 1", async () => {
  for (const sets of SETS) {
    const numbers = drawn(sets, 30, false);
    const [x, dy] = [tf.tensor(numbers.x), tf.tensor(numbers.dy)];
    const plain = { scale: Float32Array.of(1), shift: Float32Array.of(0) };
    const expected = reference({ ...numbers, ...plain }, sets, 1e-5);
    const f = (x: tf.Tensor): tf.Tensor => standardize(x, sets, 1e-5);
    // The mean of 30 is taken off numbers near 1: five digits are left of seven.
    await assertClose(f(x), expected.y, `[${sets}]`, 2e-5);
    await assertClose(tf.grad(f)(x, dy), expected.x, `slopes of [${sets}]`, 2e-5);
  }
});

gpuTest(
  "both forms of the kernels scale and shift, recorded or not, with all gradients",
  async () => {
    await onEachForm(async (form) => {
      for (const [sets, whole] of SCALED) {
        const numbers = drawn(sets, 0, whole);
        const expected = reference(numbers, sets, 1e-5);
        const { x, dy, scale, shift } = numbers;
        const tensors = [x, dy, scale, shift].map((values) => tf.tensor(values)) as [tf.Tensor];
        const recorded = jit(computed(sets));
        const runs = [computed(sets)(...tensors), recorded(...tensors), recorded(...tensors)];
        for (const results of runs) await assertResults(results, expected, `${form}, [${sets}]`);
        recorded.dispose();
      }
    });
  },
);

onCpu("on the CPU it scales and shifts with all gradients as well", async () => {
  for (const [sets, whole] of SCALED) {
    const numbers = drawn(sets, 0, whole);
    const { x, dy, scale, shift } = numbers;
    const results = computed(sets)(...[x, dy, scale, shift].map((values) => tf.tensor(values)));
    await assertResults(results, reference(numbers, sets, 1e-5), `[${sets}]`);
  }
});

onEachBackend("many equal numbers have the mean that they have", async () => {
  // One after another, 400,000 times 0.1 adds up to 0.5 % too much.
  for (const sets of [[1, 1, 1, 400_000], [1, 100_000, 2, 2], [1, 100_000, 4, 1]] as Sets[]) {
    const y = Array.from(await numbersOf(standardize(tf.fill([400_000], 0.1), sets, 1e-4)));
    assertEquals(y.every((value) => Math.abs(value) < 1e-4), true, `[${sets}]: ${y[0]}`);
  }
});

onEachBackend("its first and second derivatives are those of differences", async () => {
  for (const sets of [[1, 1, 2, 5], [2, 3, 2, 2], [1, 3, 4, 1]] as Sets[]) {
    const [x, dy] = [randomTensor(1, [...sets]), randomTensor(2, [...sets])];
    const [scale, shift] = [3, 4].map((seed) => randomTensor(seed, [sets[2] * sets[3]]));
    const f = (x: tf.Tensor, affine?: { scale: tf.Tensor; shift: tf.Tensor }): tf.Tensor =>
      tf.reshape(standardize(tf.reshape(x, [-1, sets[2] * sets[3]]), sets, 0.1, affine), x.shape);
    const scaledBy = (x: tf.Tensor, scale: tf.Tensor): tf.Tensor => f(x, { scale, shift: shift! });
    const tolerance = 3e-3;
    await assertGradients(({ x }) => f(x), { x });
    await assertGradients(({ x, scale }) => scaledBy(x, scale), { x, scale: scale! });
    await assertGradients(({ shift }) => f(x, { scale: scale!, shift }), { shift: shift! });
    await assertGradients(({ x, dy }) => tf.grad((x) => f(x))(x, dy), { x, dy }, { tolerance });
    await assertGradients(
      ({ x, dy, scale }) => tf.grad((x) => scaledBy(x, scale))(x, dy),
      { x, dy, scale: scale! },
      { tolerance },
    );
    await assertGradients(
      ({ x, dy }) => tf.grad((scale) => scaledBy(x, scale))(scale!, dy),
      { x, dy },
      { tolerance },
    );
  }
});

onCpu("a scale or shift of another shape is refused", () => {
  const x = randomTensor(1, [2, 3, 4]);
  for (const [scale, shift] of [[[4], [1]], [[2], [2]], [[12], [12]], [[4], [3, 4]]]) {
    const affine = { scale: tf.ones(scale!), shift: tf.zeros(shift!) };
    assertThrows(
      () => standardize(x, [2, 3, 1, 4], 1e-5, affine),
      TypeError,
      `Cannot scale and shift [2,3,4]: both must be of the shape of its last axes, got [${scale}] and [${shift}]`,
    );
  }
});

gpuTest("normalizing an example is one dispatch, and four back with scale and shift", async () => {
  const { groupNorm, instanceNorm, layerNorm } = layers;
  const norms = [
    groupNorm({ groups: 4 }), // Of single operations: 11 forward, 34 with all gradients, 30 recorded.
    groupNorm({ groups: 8 }), // 11, 34, 30.
    instanceNorm({ affine: true }), // 9, 28, 24.
    layerNorm(),
    layerNorm({ axes: "all" }), // 9, 28, 24.
  ];
  const dispatchesOf = (run: () => void): number => {
    const before = counters().dispatches;
    tf.tidy(run);
    return counters().dispatches - before;
  };
  await onEachForm((form) => {
    for (const layer of norms) {
      const shape = [3, 6, 5, 16];
      const { params } = init(layer, key(0), shape.slice(1));
      const [x, dy] = [randomTensor(1, shape), randomTensor(2, shape)];
      const [scale, shift] = [params.scale!, params.shift!];
      const f = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor): tf.Tensor =>
        layer.apply({ scale, shift }, {}, x, {})[0];
      const gradients = (x: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor): tf.Tensor[] =>
        tf.grads(f)([x, scale, shift], dy);
      const [forward, back] = [jit(f), jit(gradients)];
      for (let i = 0; i < 2; i++) {
        tf.tidy(() => [forward(x, scale, shift), back(x, scale, shift)]);
      }
      const counted = {
        forward: dispatchesOf(() => f(x, scale, shift)),
        gradients: dispatchesOf(() => gradients(x, scale, shift)),
        recorded: dispatchesOf(() => forward(x, scale, shift)),
        recordedGradients: dispatchesOf(() => back(x, scale, shift)),
      };
      const expected = { forward: 1, gradients: 5, recorded: 1, recordedGradients: 4 };
      assertEquals(counted, expected, `${form}, ${layer.op}`);
      forward.dispose();
      back.dispose();
    }
    return Promise.resolve();
  });
});
