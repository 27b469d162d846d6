// Activations, dropout and softmax in double precision, with bounds.
import { word } from "../../../lib/tensor/random.ts";
import {
  add,
  type Bounded,
  each,
  monotone,
  products,
  rounding,
  sums,
  times,
  U,
} from "./bounded.ts";
import type { Flow, Passed, Place } from "./flow.ts";

/** The library's functions are right to 4 units in the last place (tests/device/unary_test.ts). */
const FUNCTION = 9;

/** x if it is above 0, else slope · x: at zero the slope is that of the negative side. */
export function rectified(flow: Flow, x: Bounded, slope: number): Passed {
  const y = each(x.shape, (i) => {
    const [at, error] = [x.value[i]!, x.error[i]!];
    if (at - error > 0 || at === 0) return [at, error];
    const value = at > 0 ? at : slope * at;
    if (at + error <= 0) {
      return [value, slope * error + rounding(Math.abs(value), slope === 0 ? 0 : 2)];
    }
    return [value, Math.max(1, slope) * error + rounding(Math.abs(at), 2)];
  });
  return [y, (dy) =>
    each(x.shape, (i) => {
      const [at, error, slopeIn, bound] = [x.value[i]!, x.error[i]!, dy.value[i]!, dy.error[i]!];
      const factor = at > 0 ? 1 : slope;
      const own = factor * bound +
        (factor === 1 || factor === 0 ? 0 : rounding(Math.abs(slopeIn), 2));
      if (error === 0 || Math.abs(at) > error) return [factor * slopeIn, own];
      flow.undecided++;
      return [
        factor * slopeIn,
        own + Math.abs(1 - slope) * (Math.abs(slopeIn) + bound) + rounding(Math.abs(slopeIn), 2),
      ];
    })];
}

/** tanh, whose slope is 1 − y². */
export function tanhOf(x: Bounded): Passed {
  const y = monotone(x, Math.tanh, FUNCTION);
  return [y, (dy) => times(dy, slopeOf(y, (at) => 1 - at * at, (at) => 2 * Math.abs(at)), 2)];
}

/** The logistic function, whose slope is y (1 − y). */
export function sigmoidOf(x: Bounded): Passed {
  const y = monotone(x, (at) => 1 / (1 + Math.exp(-at)), FUNCTION);
  const bend = (at: number): number => Math.abs(1 - 2 * at);
  return [y, (dy) => times(dy, slopeOf(y, (at) => at * (1 - at), bend), 2)];
}

/** A slope as a function of the output, of magnitudes up to 1 before they cancel out. */
function slopeOf(y: Bounded, f: (y: number) => number, bend: (y: number) => number): Bounded {
  return each(y.shape, (i) => {
    const [at, error] = [y.value[i]!, y.error[i]!];
    return [
      f(at),
      bend(at) * error + error * error +
      4 * U * Math.min(1, Math.abs(at) + error + Math.abs(f(at))),
    ];
  });
}

/** Units whose random word is below the rate are dropped; the others grow by 1 / (1 − rate). */
export function dropped(flow: Flow, x: Bounded, rate: number, { key }: Place): Passed {
  if (!flow.training || rate === 0) return [x, (dy) => dy];
  const threshold = Math.min(Math.round(rate * 2 ** 32), 2 ** 32 - 1);
  const kept = each(x.shape, (i) => [word(key, i) >= threshold ? 1 / (1 - rate) : 0, 0]);
  return [times(x, kept, 2), (dy) => times(dy, kept, 2)];
}

/** eˣ / Σeˣ along the last axis. */
export function softmaxOf(x: Bounded): Passed {
  const width = x.shape.at(-1)!;
  const rows = x.value.length / width;
  const y = {
    shape: x.shape,
    value: new Float64Array(x.value.length),
    error: new Float64Array(x.value.length),
  };
  for (let row = 0; row < rows; row++) {
    const at = (i: number): number => row * width + i;
    const columns = Array.from({ length: width }, (_, i) => i);
    const most = Math.max(...columns.map((i) => x.value[at(i)]!));
    const error = Math.max(...columns.map((i) => x.error[at(i)]!));
    const powers = columns.map((i) => {
      const exponent = x.value[at(i)]! - most;
      const power = Math.exp(exponent);
      // The largest may be another one's; what it is cancels out but for rounding.
      const slack = error + x.error[at(i)]! + 2 * U * (Math.abs(exponent) + 2 * error);
      return [power, power * (Math.expm1(slack) + FUNCTION * U) + rounding(power)] as const;
    });
    const total = powers.reduce((sum, [power]) => sum + power, 0);
    const spread = powers.reduce((sum, [, bound]) => sum + bound, 0) + rounding(total, width);
    powers.forEach(([power, bound], i) => {
      y.value[at(i)] = power / total;
      const doubt = bound / total + power / total * (spread / total) +
        rounding(power / total, 6);
      // A share is from 0 to 1, however little is known of it.
      y.error[at(i)] = doubt <= 1 ? doubt : 1;
    });
  }
  return [y, (dy) => {
    const weighted = products([rows], y, dy, (visit) => {
      for (let i = 0; i < y.value.length; i++) visit(Math.floor(i / width), i, i);
    });
    const spreadOut = sums(x.shape, weighted, (visit) => {
      for (let i = 0; i < y.value.length; i++) visit(i, Math.floor(i / width));
    });
    // Either y (dy − Σ) or y dy − y Σ: the second rounds more.
    const [one, other] = [times(y, dy), times(y, spreadOut)];
    return add(one, other, -1);
  }];
}
