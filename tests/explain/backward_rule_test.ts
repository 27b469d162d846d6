// The backward passes of §12.9.3 by hand: convolution, switches of pooling, and the three rules for ReLUs.
import { assertEquals, assertThrows } from "@std/assert";
import {
  activations,
  type BackwardRule,
  inputGradient,
  neuron,
  type Objective,
} from "../../lib/explain/mod.ts";
import {
  conv,
  dense,
  type Layer,
  layersOf,
  maxPool,
  relu,
  sequential,
  sigmoid,
  type Tensor,
  tf,
} from "../../mod.ts";
import { BACKWARD_RULES, ruleIntercept } from "../../lib/explain/backward_rule.ts";
import { onEachBackend } from "../backends.ts";

/** The gradient that a network without parameters passes back from its output. */
function passedBack(model: Layer, x: Tensor, back: Tensor, rule: BackwardRule): Tensor {
  const state = Object.fromEntries(
    [...layersOf(model, x.shape.slice(1)).keys()].map((path) => [path, {}]),
  );
  const objective: Objective = {
    name: "gradient passed back",
    paths: [""],
    score: (output) => tf.sum(tf.mul(output(""), back)).asScalar(),
    check() {},
  };
  return inputGradient({ model, params: state, state }, x, objective, { rule }).gradient;
}

const map = (rows: number[][]): Tensor =>
  tf.tensor4d(rows.flat(), [1, rows.length, rows[0]!.length, 1]);

async function rowsOf(tensor: Tensor): Promise<number[][]> {
  const [, height, width] = tensor.shape as [number, number, number];
  const flat = [...await tensor.data()].map((value) => value + 0); // −0 is 0.
  return Array.from({ length: height }, (_, y) => flat.slice(y * width, (y + 1) * width));
}

// Figure 12.28: the forward values, the gradient, and what each rule passes.
const FORWARD = [[1, -1, 5], [2, -5, -7], [-3, 2, 4]];
const FORWARD_RELU = [[1, 0, 5], [2, 0, 0], [0, 2, 4]];
const BACK = [[-2, 3, -1], [6, -3, 1], [2, -1, 3]];
const THROUGH: Readonly<Record<BackwardRule, number[][]>> = {
  backprop: [[-2, 0, -1], [6, 0, 0], [0, -1, 3]],
  deconvnet: [[0, 3, 0], [6, 0, 1], [2, 0, 3]],
  guided: [[0, 0, 0], [6, 0, 0], [0, 0, 3]],
};

for (const rule of BACKWARD_RULES) {
  onEachBackend(`the ReLU of Figure 12.28 passes back what ${rule} says`, async () => {
    const model = sequential({ relu: relu() }) as Layer;
    const intercept = ruleIntercept(rule);
    const forward =
      model.apply({ relu: {} }, { relu: {} }, map(FORWARD), intercept ? { intercept } : {})[0];
    assertEquals(await rowsOf(forward), FORWARD_RELU);
    assertEquals(await rowsOf(passedBack(model, map(FORWARD), map(BACK), rule)), THROUGH[rule]);
  });

  onEachBackend(`the switches of Figure 12.27 route the gradient by ${rule}`, async () => {
    // The gradient goes to the largest number of each 2 × 2; all else is 0.
    const x = map([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]);
    const model = sequential({ pool: maxPool({ size: 2, stride: 2 }) }) as Layer;
    const pooled = activations({ model, params: { pool: {} }, state: { pool: {} } }, x, ["pool"])
      .get("pool")!;
    assertEquals(await rowsOf(pooled), [[6, 8], [3, 4]]);
    // A rule about ReLUs wants one in the model; all numbers are above 0 there.
    const whole = sequential({ relu: relu(), pool: maxPool({ size: 2, stride: 2 }) }) as Layer;
    const back = passedBack(whole, x, map([[1, 2], [3, 4]]), rule);
    assertEquals(await rowsOf(back), [[0, 0, 0, 0], [0, 1, 0, 2], [3, 0, 0, 0], [0, 0, 0, 4]]);
  });

  onEachBackend(
    `the 1-D convolution of §12.9.3 goes backward by its transpose under ${rule}`,
    async () => {
      // a_i = w_1 z_i + w_2 z_{i+1} + w_3 z_{i+2}, so that z'_2 = w_2 a'_1 + w_1 a'_2 (the chapter
      // prints w_3 there, against its own pattern and its padding by zeros).
      const [w1, w2, w3] = [2, -3, 5];
      const [a1, a2, a3] = [1, 4, -2];
      const model = sequential({
        conv: conv({ features: 1, size: [1, 3], bias: false }),
        relu: relu(),
      });
      const params = { conv: { kernel: tf.tensor4d([w1, w2, w3], [1, 3, 1, 1]) }, relu: {} };
      const objective: Objective = {
        name: "gradient passed back",
        paths: ["conv"],
        score: (output) => tf.sum(tf.mul(output("conv"), map([[a1, a2, a3]]))).asScalar(),
        check() {},
      };
      const network = { model, params, state: { conv: {}, relu: {} } };
      const { gradient } = inputGradient(network, map([[1, 2, 3, 4, 5]]), objective, { rule });
      assertEquals(await rowsOf(gradient), [[
        w1 * a1,
        w2 * a1 + w1 * a2,
        w3 * a1 + w2 * a2 + w1 * a3,
        w3 * a2 + w2 * a3,
        w3 * a3,
      ]]);
    },
  );
}

onEachBackend(
  "the rules differ for a ReLU after a convolution, though the two are fused",
  async () => {
    // z = 2 x and −x: for x = 3 the second is not above 0; the gradient is −1 and 1.
    const model = sequential({ conv: conv({ features: 2, size: 1, bias: false }), relu: relu() });
    const params = { conv: { kernel: tf.tensor4d([2, -1], [1, 1, 1, 2]) }, relu: {} };
    const back = tf.tensor4d([-1, 1], [1, 1, 1, 2]);
    const objective: Objective = {
      name: "gradient passed back",
      paths: [""],
      score: (output) => tf.sum(tf.mul(output(""), back)).asScalar(),
      check() {},
    };
    const network = { model, params, state: { conv: {}, relu: {} } };
    const found = { backprop: -2, deconvnet: -1, guided: 0 };
    for (const rule of BACKWARD_RULES) {
      const { gradient } = inputGradient(network, tf.tensor4d([3], [1, 1, 1, 1]), objective, {
        rule,
      });
      assertEquals((await gradient.data())[0]! + 0, found[rule], rule);
    }
  },
);

onEachBackend("a rule for ReLUs is refused for a model without, and so is an unknown rule", () => {
  const model = sequential({ first: dense({ features: 2 }), sigmoid: sigmoid() });
  const params = { first: { kernel: tf.ones([3, 2]), bias: tf.zeros([2]) }, sigmoid: {} };
  const network = { model, params, state: { first: {}, sigmoid: {} } };
  const objective = neuron("first", 0);
  const go = (rule: BackwardRule) => () =>
    inputGradient(network, tf.ones([1, 3]), { ...objective, check() {} }, { rule });
  assertThrows(
    go("guided"),
    TypeError,
    "by the guided rule: the model must have a ReLU, or an activation that says it rectifies, got a model of sequential, dense, sigmoid",
  );
  assertThrows(go("deconvnet"), TypeError, "must have a ReLU");
  assertThrows(go("guide" as BackwardRule), RangeError, "got guide");
});
