// Activations of the namespace: derivatives, odd numbers, and any function as a layer.
import { assertEquals, assertThrows } from "@std/assert";
import { dense, init, key, layers, layersOf, sequential, tf } from "../../mod.ts";
import { activations, classLogit, inputGradient } from "../../lib/explain/mod.ts";
import { applyCurve, type CurveName } from "../../lib/tensor/curves.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { assertGradients } from "../finite_differences.ts";

const CURVES: readonly CurveName[] = [
  "elu",
  "gelu",
  "geluTanh",
  "hardSigmoid",
  "hardSwish",
  "relu6",
  "selu",
  "silu",
  "softplus",
];

/** Away from the kinks at −3, 0, 3 and 6. */
const POINTS = [-4.5, -2.2, -0.9, -0.3, 0.4, 1.1, 2.6, 4.7, 7.2];

onEachBackend(
  "each function's first and second derivative are those of its differences",
  async () => {
    for (const count of [8, 9]) {
      const x = tf.tensor1d(POINTS.slice(0, count));
      for (const curve of CURVES) {
        await assertGradients(({ x }) => applyCurve(x, curve, 0.8), { x });
        const slope = tf.grad((x: tf.Tensor) => applyCurve(x, curve, 0.8));
        await assertGradients(({ x }) => slope(x), { x }, { tolerance: 2e-3 });
      }
    }
  },
);

onEachBackend("functions pass NaN on, and infinities to what they tend to", async () => {
  const x = tf.tensor1d([NaN, Infinity, -Infinity, -200]);
  const wanted: Readonly<Record<string, number[]>> = {
    elu: [NaN, Infinity, -1, -1],
    hardSigmoid: [NaN, 1, 0, 0],
    hardSwish: [NaN, Infinity, 0, 0],
    relu6: [NaN, 6, 0, 0],
    softplus: [NaN, Infinity, 0, 0],
  };
  for (const [curve, values] of Object.entries(wanted)) {
    const y = await applyCurve(x, curve as CurveName).data();
    assertEquals([...y].map((value) => value + 0), values, curve);
  }
});

onEachBackend("a third derivative is refused", () => {
  const f = (x: tf.Tensor): tf.Tensor => applyCurve(x, "silu");
  const third = tf.grad((x) => tf.grad((x) => tf.grad(f)(x))(x));
  assertThrows(() => third(tf.tensor1d([1])), RangeError, "got the third");
});

onEachBackend("any function of a tensor is a layer, whose output taps read", async () => {
  const model = sequential({
    one: dense({ features: 3 }),
    mish: layers.activation((x) => tf.mul(x, tf.tanh(tf.softplus(x))), "mish", { flops: 5 }),
  });
  const network = init(model, key(0), [2]);
  const x = tf.tensor2d([[1, -2]]);
  const tapped = activations(network, x, ["one", "mish"]);
  const z = tapped.get("one")!;
  await assertClose(tapped.get("mish")!, tf.mul(z, tf.tanh(tf.softplus(z))));
  assertEquals(layersOf(model, [2]).get("mish"), { op: "mish", shape: [3] });
  assertEquals(model.declare([2]).children![1]!.declaration.cost, { flops: 15 });
});

onEachBackend("backward rules treat rectifiers as ReLUs, and no others", async () => {
  const x = tf.tensor2d([[1, -1, 7, 2]]);
  const weights = tf.tensor2d([[-1, 0], [3, 0], [2, 0], [5, 0]]);
  const back = async (rule: "guided" | "deconvnet", rectifies: boolean): Promise<number[]> => {
    const act = rectifies ? layers.relu6() : layers.silu();
    const model = sequential({
      act,
      relu: layers.relu6(),
      out: dense({ features: 2, bias: false }),
    });
    const params = { act: {}, relu: {}, out: { kernel: weights, bias: tf.zeros([2]) } };
    const network = { model, params, state: { act: {}, relu: {}, out: {} } };
    const objective = classLogit(0);
    return [...await inputGradient(network as never, x, objective, { rule }).gradient.data()];
  };
  // relu6 of relu6: guided passes where it is not flat, DeconvNet whatever is above 0.
  assertEquals(await back("guided", true), [0, 0, 0, 5]);
  assertEquals(await back("deconvnet", true), [0, 3, 2, 5]);
  const silu = await tf.grad((x) => applyCurve(x, "silu"))(x).data();
  await assertClose(await back("deconvnet", false), [0, 3 * silu[1]!, 2 * silu[2]!, 5 * silu[3]!]);
});

onEachBackend("a model without a rectifier refuses the rules, and says what is needed", () => {
  const model = sequential({ act: layers.silu(), out: dense({ features: 2 }) });
  const network = init(model, key(0), [2]);
  const run = (): unknown =>
    inputGradient(network, tf.ones([1, 2]), classLogit(0), { rule: "guided" });
  assertThrows(run, TypeError, "an activation that says it rectifies, got a model of");
});

onEachBackend("activations that are none are refused", () => {
  const { activation, elu, gelu, prelu } = layers;
  assertThrows(
    () => activation(3 as never, "three"),
    TypeError,
    "f must be a function, got number",
  );
  assertThrows(() => activation((x) => x, ""), TypeError, "name must not be empty");
  assertThrows(() => activation((x) => x, "x", { flops: -1 }), RangeError, "got -1");
  const summed = activation((x) => tf.sum(x), "summed");
  assertThrows(
    () => summed.apply({}, {}, tf.ones([2, 3]), {}),
    TypeError,
    "must keep the shape, got []",
  );
  assertThrows(() => elu(NaN), RangeError, "alpha must be finite, got NaN");
  assertThrows(() => gelu({ approximate: "erf" as never }), RangeError, "got erf");
  assertThrows(() => prelu({ slope: Infinity }), RangeError, "got Infinity");
  assertThrows(() => applyCurve(tf.ones([1], "int32"), "elu"), TypeError, "got int32");
});
