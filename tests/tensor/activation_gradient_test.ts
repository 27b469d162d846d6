// Activation functions and their gradients against plain TypeScript, on each backend.
import { assertEquals, assertLess } from "@std/assert";
import { key, type Tensor, tf } from "../../mod.ts";
import { normalArray, uniformArray } from "../../lib/tensor/mod.ts";
import { ACTIVATION_GRADIENT } from "../../lib/tensor/activation_gradient.ts";
import { onEachBackend } from "../backends.ts";
import { relativeError } from "../device/reference.ts";
import { assertGradients } from "../finite_differences.ts";

type Function = {
  readonly apply: (x: Tensor) => Tensor;
  readonly value: (x: number) => number;
  readonly slope: (x: number) => number;
};

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const FUNCTIONS: Readonly<Record<string, Function>> = {
  relu: { apply: tf.relu, value: (x) => Math.max(0, x), slope: (x) => Number(x > 0) },
  tanh: { apply: tf.tanh, value: Math.tanh, slope: (x) => 1 - Math.tanh(x) ** 2 },
  sigmoid: {
    apply: tf.sigmoid,
    value: sigmoid,
    slope: (x) => sigmoid(x) * (1 - sigmoid(x)),
  },
  "leaky ReLU": {
    apply: (x) => tf.leakyRelu(x, -0.3),
    value: (x) => x > 0 ? x : -0.3 * x,
    slope: (x) => x > 0 ? 1 : -0.3,
  },
};

const SHAPES = [[], [1], [4], [7], [3, 5, 7], [2, 3, 4, 5], [1, 1, 1001]];

for (const [name, { apply, value, slope }] of Object.entries(FUNCTIONS)) {
  onEachBackend(`${name} and its gradient equal the reference at odd sizes`, async () => {
    for (const shape of SHAPES) {
      const size = tf.util.sizeFromShape(shape);
      const [values, slopes] = [normalArray(key(size), size, 2), normalArray(key(size + 1), size)];
      const x = tf.tensor(values, shape);
      const dx = tf.grad(apply)(x, tf.tensor(slopes, shape));
      assertEquals(dx.shape, shape);
      assertLess(relativeError(await apply(x).data(), Array.from(values, value)), 1e-6);
      const expected = Array.from(values, (at, i) => slope(at) * slopes[i]!);
      assertLess(relativeError(await dx.data(), expected), 1e-6, `${name} [${shape}]`);
    }
  });

  onEachBackend(`NaN and infinities go through ${name} as IEEE 754 says`, async () => {
    const specials = [NaN, Infinity, -Infinity, 0, 1];
    for (const given of [specials, specials.slice(0, 4)]) { // one by one, and four at once
      const x = tf.tensor1d(given);
      const expected = given.map((at) => Math.fround(value(at)));
      assertLess(relativeError((await apply(x).data()).slice(3), expected.slice(3)), 1e-6);
      assertEquals([...await apply(x).data()].slice(0, 3), expected.slice(0, 3));
      const [nan, above, below] = await tf.grad(apply)(x).data();
      assertEquals([above, below], [slope(Infinity), Math.fround(slope(-Infinity))]);
      const active = name === "relu" ? 1 : name === "leaky ReLU" ? Math.fround(-0.3) : NaN;
      assertEquals(nan, active, "the slope at NaN");
    }
  });

  onEachBackend(`${name} of nothing is nothing`, async () => {
    const nothing = tf.zeros([0, 3]);
    assertEquals([...await tf.grad(apply)(nothing).data()], []);
    assertEquals(apply(nothing).shape, [0, 3]);
  });
}

onEachBackend(
  "the activations' gradients have gradients by slopes and by what was kept",
  async () => {
    for (const activation of ["Relu", "LeakyRelu", "Tanh", "Sigmoid"]) {
      await assertGradients(
        ({ dy, of }) =>
          tf.engine().runKernel(ACTIVATION_GRADIENT, { dy, of }, { activation, slope: 0.2 }),
        {
          dy: tf.tensor1d([0.5, -1, 2, 1.5, 1]),
          of: tf.tensor1d([-0.9, -0.4, 0.3, 0.8, 0.5]),
        },
      );
    }
  },
);

onEachBackend("a ReLU is differentiated twice", async () => {
  const slopes = tf.grad((x: Tensor) => tf.sum(tf.mul(tf.grad(tf.relu)(x, x), x)));
  assertEquals([...await slopes(tf.tensor1d([-2, 3])).data()], [0, 6]);
});

onEachBackend(
  "squares, negatives, roots and powers of NaN, infinities and whole numbers",
  async () => {
    const x = tf.tensor1d([NaN, Infinity, -Infinity, -3]);
    assertEquals([...await tf.square(x).data()], [NaN, Infinity, Infinity, 9]);
    assertEquals([...await tf.neg(x).data()], [NaN, -Infinity, Infinity, 3]);
    assertEquals([...await tf.sqrt(x).data()], [NaN, Infinity, NaN, NaN]);
    assertEquals([...await tf.exp(x).data()].slice(0, 3), [NaN, Infinity, 0]);
    const values = uniformArray(key(5), 1003, 0, 9);
    const [roots, powers] = [tf.sqrt(tf.tensor1d(values)), tf.exp(tf.tensor1d(values))];
    assertLess(relativeError(await roots.data(), Array.from(values, Math.sqrt)), 1e-6);
    assertLess(relativeError(await powers.data(), Array.from(values, Math.exp)), 1e-6);
    const whole = tf.tensor1d([2, -3], "int32");
    assertEquals([...await tf.square(whole).data(), ...await tf.relu(whole).data()], [4, 9, 2, 0]);
  },
);
