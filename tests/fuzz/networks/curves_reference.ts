// Activations beyond the first day's, in double precision, with bounds.
import { erf } from "../../device/erf.ts";
import { type Bounded, each, products, rounding, sums } from "./bounded.ts";
import { type Flow, paramOf, type Passed, type Place, setGrad } from "./flow.ts";
import { softmaxOf } from "./elementwise_reference.ts";

/** A function of each number and its slope, as PyTorch has it where it jumps. */
type Curve = {
  readonly f: (x: number) => number;
  readonly slope: (x: number) => number;
  /** Magnitudes that cancel out on the way to the function and to its slope. Default: none, and 1. */
  readonly size?: (x: number) => number;
  readonly slopeSize?: (x: number) => number;
};

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const density = (x: number): number => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
const below = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2;
const inner = (x: number): number => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const innerSlope = (x: number): number => Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
const SELU = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** An exponential below zero, a line above. */
function elu(alpha: number, scale: number): Curve {
  return {
    f: (x) => scale * (x < 0 ? alpha * Math.expm1(x) : x),
    slope: (x) => scale * (x <= 0 ? alpha * Math.exp(x) : 1),
    slopeSize: () => scale * Math.max(1, alpha),
  };
}

/** All of them, by their names and options. */
export const CURVES: Readonly<Record<string, (option?: never) => Curve>> = {
  relu6: () => ({ f: (x) => Math.min(Math.max(x, 0), 6), slope: (x) => x > 0 && x < 6 ? 1 : 0 }),
  elu: (alpha = 1 as never) => elu(alpha, 1),
  selu: () => elu(SELU_ALPHA, SELU),
  gelu: (options?: { approximate?: string }) =>
    options?.approximate === "tanh"
      ? {
        f: (x) => 0.5 * x * (1 + Math.tanh(inner(x))),
        slope(x) {
          const t = Math.tanh(inner(x));
          return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * innerSlope(x);
        },
        size: Math.abs,
        slopeSize: (x) => 1 + Math.abs(x) * innerSlope(x),
      }
      : {
        f: (x) => x * below(x),
        slope: (x) => below(x) + x * density(x),
        size: Math.abs,
        slopeSize: (x) => 1 + Math.abs(x),
      },
  silu: () => ({
    f: (x) => x * sigmoid(x),
    slope: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
    size: Math.abs,
    slopeSize: (x) => 1 + Math.abs(x),
  }),
  hardSigmoid: () => ({
    f: (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
    slope: (x) => x > -3 && x < 3 ? 1 / 6 : 0,
    size: () => 1,
  }),
  hardSwish: () => ({
    f: (x) => x * Math.min(Math.max(x + 3, 0), 6) / 6,
    slope: (x) => x < -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5,
    size: (x) => x * x + Math.abs(x),
    slopeSize: (x) => 1 + Math.abs(x),
  }),
  softplus: () => ({
    f: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    slope: sigmoid,
  }),
  square: () => ({ f: (x) => x * x, slope: (x) => 2 * x, slopeSize: (x) => 2 * Math.abs(x) }),
} as Readonly<Record<string, (option?: never) => Curve>>;

/** A function of each number. */
export function curved(flow: Flow, x: Bounded, curve: Curve): Passed {
  const { f, slope, size = () => 0, slopeSize = () => 1 } = curve;
  const at = (i: number): [number, number] => [x.value[i]!, x.error[i]!];
  const y = each(x.shape, (i) => {
    const [value, error] = at(i);
    const result = f(value);
    const steepest = Math.max(...[-error, 0, error].map((step) => Math.abs(slope(value + step))));
    const spread = error === 0 ? 0 : 1.1 * error * steepest + Math.max(
      Math.abs(f(value + error) - result),
      Math.abs(f(value - error) - result),
    );
    return [result, spread + rounding(Math.abs(result) + size(value) + spread, 14)];
  });
  return [y, (dy) =>
    each(x.shape, (i) => {
      const [value, error] = at(i);
      const own = slope(value);
      const turn = error === 0 ? 0 : Math.max(
        Math.abs(slope(value + error) - own),
        Math.abs(slope(value - error) - own),
      );
      if (turn > 0.1) flow.undecided++;
      const doubt = turn + (own === 0 && turn === 0 ? 0 : rounding(slopeSize(value), 20));
      const result = own * dy.value[i]!;
      const bound = (Math.abs(own) + doubt) * dy.error[i]! + doubt * Math.abs(dy.value[i]!);
      return [result, bound + rounding(Math.abs(result), 2)];
    })];
}

/** x if it is above 0, else a learned slope · x. */
export function preluOf(flow: Flow, x: Bounded, { path }: Place): Passed {
  const slope = paramOf(flow, path, "slope");
  const at = (i: number): number => i % slope.value.length;
  const y = each(x.shape, (i) => {
    const [value, error, own] = [x.value[i]!, x.error[i]!, slope.value[at(i)]!];
    const factor = value > 0 ? Math.abs(value) > error ? 1 : Math.max(1, Math.abs(own)) : Math.max(
      Math.abs(own),
      value + error > 0 ? 1 : 0,
    );
    return [value > 0 ? value : own * value, factor * error + rounding(Math.abs(own * value), 2)];
  });
  return [y, (dy) => {
    const isBelow = each(x.shape, (i) => {
      const doubt = x.error[i]! > 0 && Math.abs(x.value[i]!) <= x.error[i]!;
      if (doubt) flow.undecided++;
      return [x.value[i]! > 0 ? 0 : 1, doubt ? 1 : 0];
    });
    const held = each(x.shape, (i) => {
      const share = isBelow.value[i]! * x.value[i]!;
      return [share, x.error[i]! + isBelow.error[i]! * Math.abs(x.value[i]!)];
    });
    setGrad(
      flow,
      path,
      "slope",
      products(slope.shape, held, dy, (visit) => {
        for (let i = 0; i < x.value.length; i++) visit(at(i), i, i);
      }),
    );
    return each(x.shape, (i) => {
      const own = slope.value[at(i)]!;
      const factor = isBelow.value[i]! ? own : 1;
      const size = Math.abs(dy.value[i]!) + dy.error[i]!;
      return [
        factor * dy.value[i]!,
        Math.abs(factor) * dy.error[i]! + isBelow.error[i]! * Math.abs(1 - own) * size +
        rounding(Math.abs(factor * dy.value[i]!), 2),
      ];
    });
  }];
}

/** x − log Σeˣ along the last axis. */
export function logSoftmaxOf(x: Bounded): Passed {
  const width = x.shape.at(-1)!;
  const y = each(x.shape, (i) => {
    const row = Math.floor(i / width) * width;
    const own = Array.from(x.value.subarray(row, row + width));
    const bound = Math.max(...x.error.subarray(row, row + width));
    const most = Math.max(...own);
    const total = Math.log(own.reduce((sum, one) => sum + Math.exp(one - most), 0));
    const apart = x.value[i]! - most;
    return [
      apart - total,
      x.error[i]! + 3 * bound + rounding(Math.abs(apart) + total + 1, 12 + width),
    ];
  });
  const [shares] = softmaxOf(x);
  return [y, (dy) => {
    const rows = x.value.length / width;
    const total = sums([rows], dy, (visit) => {
      for (let i = 0; i < x.value.length; i++) visit(Math.floor(i / width), i);
    });
    return each(x.shape, (i) => {
      const row = Math.floor(i / width);
      const pull = shares.value[i]! * total.value[row]!;
      const bound = shares.error[i]! * (Math.abs(total.value[row]!) + total.error[row]!) +
        shares.value[i]! * total.error[row]!;
      return [
        dy.value[i]! - pull,
        dy.error[i]! + bound + rounding(Math.abs(dy.value[i]!) + Math.abs(pull), 12),
      ];
    });
  }];
}
