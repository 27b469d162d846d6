// Gradients of functions of each element, and of two elements.
import type { Tensor } from "../tensor.ts";
import { tf } from "../tf.ts";
import { chosen, ofInput, ofOutput, ofSlopes, ofTwo, withoutSlope } from "./rules.ts";

/** Functions whose slope is 0. */
const FLAT = [
  "Ceil",
  "Floor",
  "IsFinite",
  "IsInf",
  "IsNan",
  "OnesLike",
  "Round",
  "Sign",
  "Step",
  "ZerosLike",
];

const OF_ONE: readonly tf.GradConfig[] = [
  ofInput("Abs", (dy, x) => tf.mul(dy, tf.sign(x))),
  ofInput("Acos", (dy, x) => tf.neg(tf.div(dy, tf.sqrt(tf.sub(1, tf.square(x)))))),
  ofInput("Acosh", (dy, x) => tf.div(dy, tf.sqrt(tf.sub(tf.square(x), 1)))),
  ofInput("Asin", (dy, x) => tf.div(dy, tf.sqrt(tf.sub(1, tf.square(x))))),
  ofInput("Asinh", (dy, x) => tf.div(dy, tf.sqrt(tf.add(tf.square(x), 1)))),
  ofInput("Atan", (dy, x) => tf.div(dy, tf.add(tf.square(x), 1))),
  ofInput("Atanh", (dy, x) => tf.div(dy, tf.sub(1, tf.square(x)))),
  ofInput("ClipByValue", (dy, x, attributes) => {
    const { clipValueMin, clipValueMax } = attributes as { readonly [name: string]: number };
    const within = tf.logicalAnd(
      tf.greaterEqual(x, clipValueMin!),
      tf.lessEqual(x, clipValueMax!),
    );
    return chosen(within, dy);
  }),
  ofInput("Cos", (dy, x) => tf.neg(tf.mul(dy, tf.sin(x)))),
  ofInput("Cosh", (dy, x) => tf.mul(dy, tf.sinh(x))),
  ofInput("Erf", (dy, x) => {
    const density = tf.exp(tf.neg(tf.square(x)));
    return tf.mul(dy, tf.mul(density, 2 / Math.sqrt(Math.PI)));
  }),
  ofOutput("Exp", (dy, y) => tf.mul(dy, y)),
  ofOutput("Expm1", (dy, y) => tf.mul(dy, tf.add(y, 1))),
  ofInput("Log", (dy, x) => tf.div(dy, x)),
  ofInput("Log1p", (dy, x) => tf.div(dy, tf.add(x, 1))),
  ofSlopes("Neg", tf.neg),
  ofInput("Reciprocal", (dy, x) => tf.neg(tf.div(dy, tf.square(x)))),
  ofInput("Rsqrt", (dy, x) => tf.mul(dy, tf.div(tf.rsqrt(x), tf.mul(x, -2)))),
  ofInput("Sin", (dy, x) => tf.mul(dy, tf.cos(x))),
  ofInput("Sinh", (dy, x) => tf.mul(dy, tf.cosh(x))),
  ofInput("Sqrt", (dy, x) => tf.div(dy, tf.mul(tf.sqrt(x), 2))),
  ofInput("Square", (dy, x) => tf.mul(dy, tf.mul(x, 2))),
  ofInput("Tan", (dy, x) => tf.div(dy, tf.square(tf.cos(x)))),
  ofSlopes("Identity", (dy) => dy.clone()),
  // Whole numbers and truth values have no slope.
  ofSlopes(
    "Cast",
    (dy, { dtype }) => dtype === "float32" ? dy.clone() : tf.zeros(dy.shape),
  ),
  ...FLAT.map((name) => ofSlopes(name, (dy) => tf.zeros(dy.shape))),
];

const OF_TWO: readonly tf.GradConfig[] = [
  ofTwo("Add", (dy) => [() => dy, () => dy]),
  ofTwo("Sub", (dy) => [() => dy, () => tf.neg(dy)]),
  ofTwo("Multiply", (dy, a, b) => [() => tf.mul(dy, b), () => tf.mul(dy, a)]),
  ofTwo("RealDiv", (dy, a, b) => [
    () => tf.div(dy, b),
    () => tf.neg(tf.div(tf.mul(dy, a), tf.square(b))),
  ]),
  // Of a − b · ⌊a / b⌋.
  ofTwo("Mod", (dy, a, b) => [() => dy, () => tf.neg(tf.mul(dy, tf.floor(tf.div(a, b))))]),
  ofTwo("Pow", (dy, a, b) => [
    // Whatever to the power of 0 is 1; by the formula, 0 would be 0 · ∞.
    () => chosen(tf.notEqual(b, 0), tf.mul(dy, tf.mul(b, tf.pow(a, tf.sub(b, 1))))),
    // Only of what is above 0 there is a logarithm; the powers of 0 have a slope of 0.
    () => chosen(tf.greater(a, 0), tf.mul(dy, tf.mul(tf.pow(a, b), tf.log(a)))),
  ]),
  ofTwo("Atan2", (dy, a, b) => {
    const share = (x: Tensor): Tensor => tf.mul(dy, tf.div(x, tf.add(tf.square(a), tf.square(b))));
    return [() => share(b), () => tf.neg(share(a))];
  }),
  ofTwo("SquaredDifference", (dy, a, b) => [
    () => tf.mul(dy, tf.mul(tf.sub(a, b), 2)),
    () => tf.mul(dy, tf.mul(tf.sub(b, a), 2)),
  ]),
  // Where two numbers are alike, the first has the slope: as in tfjs.
  ofTwo("Maximum", (dy, a, b) => [
    () => chosen(tf.greaterEqual(a, b), dy),
    () => chosen(tf.less(a, b), dy),
  ]),
  ofTwo("Minimum", (dy, a, b) => [
    () => chosen(tf.lessEqual(a, b), dy),
    () => chosen(tf.greater(a, b), dy),
  ]),
  ofTwo("Prelu", (dy, x, alpha) => [
    () => tf.where(tf.greater(x, 0), dy, tf.mul(dy, alpha)),
    () => chosen(tf.lessEqual(x, 0), tf.mul(dy, x)),
  ], ["x", "alpha"]),
  withoutSlope("FloorDiv", "a", "b"),
  withoutSlope("GreaterEqual", "a", "b"),
];

/** A sum of many, each of which has the slopes. */
const ADD_N: tf.GradConfig = {
  kernelName: "AddN",
  saveAllInputs: true,
  gradFunc: (dy, saved) => saved.map(() => () => (dy as Tensor).clone()) as never,
};

const SELECT: tf.GradConfig = {
  kernelName: "Select",
  inputsToSave: ["condition"],
  gradFunc: (dy, saved) => {
    const condition = saved[0]!;
    const slopes = dy as Tensor;
    return {
      condition: () => tf.zeros(condition.shape),
      t: () => chosen(condition, slopes),
      e: () => chosen(tf.logicalNot(condition), slopes),
    };
  },
};

/** Gradients of functions of each element. */
export const ELEMENT_GRADIENTS: readonly tf.GradConfig[] = [...OF_ONE, ...OF_TWO, ADD_N, SELECT];
