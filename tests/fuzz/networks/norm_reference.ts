// Batch normalization and local response normalization in double precision, with bounds.
import {
  add,
  type Bounded,
  each,
  monotone,
  products,
  rounding,
  scaled,
  sums,
  times,
  U,
} from "./bounded.ts";
import { type Flow, join, paramOf, type Passed, type Place, setGrad } from "./flow.ts";

/** Each number's feature, as terms of sums over all else. */
function byFeature(x: Bounded): (visit: (to: number, from: number) => void) => void {
  const channels = x.shape.at(-1)!;
  return (visit) => {
    for (let i = 0; i < x.value.length; i++) visit(i % channels, i);
  };
}

/** A number a feature, at each number. */
function spread(x: Bounded, feature: Bounded): Bounded {
  const channels = x.shape.at(-1)!;
  const at = (i: number): number => i % channels;
  return each(x.shape, (i) => [feature.value[at(i)]!, feature.error[at(i)]!]);
}

/** (variance + epsilon)^(−1/2), and no variance is below zero. */
function inverseOf(variance: Bounded, epsilon: number): Bounded {
  return monotone(variance, (v) => 1 / Math.sqrt(v + epsilon), 9, [0, Infinity]);
}

/** Batch normalization (Ioffe and Szegedy 2015). */
export function batchNormOf(
  flow: Flow,
  x: Bounded,
  options: { epsilon?: number; momentum?: number } = {},
  { path }: Place,
): Passed {
  const { epsilon = 1e-5, momentum = 0.1 } = options;
  const [scale, shift] = [paramOf(flow, path, "scale"), paramOf(flow, path, "shift")];
  const [mean, variance] = ["mean", "variance"].map((name) => flow.state.get(join(path, name))!);
  if (!flow.training) {
    const inverse = inverseOf(variance!, epsilon);
    const centered = add(x, spread(x, mean!), -1);
    const normalized = times(centered, spread(x, inverse), 2);
    const y = add(times(normalized, spread(x, scale), 2), spread(x, shift));
    // Also as x · a + b with a = scale / σ and b = shift − mean · a, which rounds b by itself.
    const factor = times(scale, inverse, 3);
    const apart = each(x.shape, (i) => {
      const c = i % scale.value.length;
      return [
        0,
        rounding(Math.abs(factor.value[c]! * x.value[i]!), 6) +
        rounding(Math.abs(factor.value[c]! * mean!.value[c]!), 6),
      ];
    });
    return [add(y, apart), (dy) => {
      setGrad(flow, path, "shift", sums(shift.shape, dy, byFeature(x)));
      setGrad(
        flow,
        path,
        "scale",
        products(scale.shape, dy, normalized, (visit) => {
          byFeature(x)((to, i) => visit(to, i, i));
        }),
      );
      return times(dy, spread(x, factor), 2);
    }];
  }
  const count = x.value.length / x.shape.at(-1)!;
  const own = sums(scale.shape, x, byFeature(x), () => 1 / count);
  const centered = add(x, spread(x, own), -1);
  const square = products(scale.shape, centered, centered, (visit) => {
    byFeature(x)((to, i) => visit(to, i, i));
  }, () => 1 / count);
  const inverse = inverseOf(square, epsilon);
  const normalized = times(centered, spread(x, inverse), 2);
  const blend = (kept: Bounded, fresh: Bounded): Bounded =>
    add(scaled(kept, 1 - momentum), scaled(fresh, momentum));
  flow.nextState.set(join(path, "mean"), blend(mean!, own));
  flow.nextState.set(
    join(path, "variance"),
    blend(variance!, scaled(square, count / Math.max(1, count - 1))),
  );
  const y = add(times(normalized, spread(x, scale), 2), spread(x, shift));
  return [y, (dy) => {
    const bySum = sums(shift.shape, dy, byFeature(x));
    const byProduct = products(scale.shape, dy, normalized, (visit) => {
      byFeature(x)((to, i) => visit(to, i, i));
    });
    setGrad(flow, path, "shift", bySum);
    setGrad(flow, path, "scale", byProduct);
    // scale / σ · (dy − mean(dy) − x̂ mean(dy x̂))
    const level = add(dy, spread(x, scaled(bySum, 1 / count)), -1);
    const tilt = times(normalized, spread(x, scaled(byProduct, 1 / count)), 2);
    return times(add(level, tilt, -1), spread(x, times(scale, inverse, 2)), 2);
  }];
}

/** Local response normalization (Krizhevsky, Sutskever and Hinton 2012, §3.3), alpha as in PyTorch. */
export function responseNormOf(
  x: Bounded,
  options: { size?: number; alpha?: number; beta?: number; k?: number } = {},
): Passed {
  const { size = 5, alpha = 1e-4, beta = 0.75, k = 1 } = options;
  const channels = x.shape.at(-1)!;
  const before = Math.floor(size / 2);
  /** Each number with those of the channels that count for it. */
  const around = (visit: (to: number, from: number) => void): void => {
    for (let i = 0; i < x.value.length; i++) {
      const c = i % channels;
      const last = Math.min(channels - 1, c + size - 1 - before);
      for (let d = Math.max(0, c - before); d <= last; d++) visit(i, i - c + d);
    }
  };
  const squares = scaled(
    products(x.shape, x, x, (visit) => around((to, i) => visit(to, i, i))),
    alpha / size,
  );
  const divisor = each(x.shape, (i) => {
    const value = k + squares.value[i]!;
    return [value, squares.error[i]! + rounding(value, 2)];
  });
  // WGSL's pow(x, y) is exp2(y · log2(x)): its error grows with the exponent.
  const power = (exponent: number): Bounded =>
    each(x.shape, (i) => {
      const at = divisor.value[i]!;
      const value = at ** exponent;
      const bound = Math.abs((Math.max(k / 2, at - divisor.error[i]!)) ** exponent - value);
      return [value, bound + value * U * (24 + 16 * Math.abs(exponent * Math.log2(at)))];
    });
  const factor = power(-beta);
  return [times(x, factor, 3), (dy) => {
    const direct = times(dy, factor, 3);
    const pulled = times(times(dy, x, 2), power(-beta - 1), 6); // dy x d^(−β−1)
    const gathered = sums(x.shape, pulled, (visit) => around((to, from) => visit(from, to)));
    const bend = scaled(times(x, gathered, 4), 2 * beta * alpha / size);
    return add(direct, bend, -1);
  }];
}

/**
 * Numbers of mean 0 and variance 1 within groups of so many, then scaled and shifted if there are
 * parameters: group, instance and layer normalization.
 *
 * @param groupOf the group of a number
 * @param slotOf the place of its scale and shift
 */
export function groupNormOf(
  flow: Flow,
  x: Bounded,
  { path }: Place,
  { epsilon = 1e-5, affine }: { epsilon?: number; affine: boolean },
  groupOf: (i: number) => number,
  slotOf: (i: number) => number,
): Passed {
  const groups = 1 + Array.from(x.value, (_, i) => groupOf(i)).reduce((a, b) => Math.max(a, b));
  const count = x.value.length / groups;
  const inGroups = (visit: (to: number, from: number) => void): void => {
    for (let i = 0; i < x.value.length; i++) visit(groupOf(i), i);
  };
  const at = (group: Bounded): Bounded =>
    each(x.shape, (i) => [group.value[groupOf(i)]!, group.error[groupOf(i)]!]);
  const own = sums([groups], x, inGroups, () => 1 / count);
  const centered = add(x, at(own), -1);
  const square = products([groups], centered, centered, (visit) => {
    inGroups((to, i) => visit(to, i, i));
  }, () => 1 / count);
  const inverse = at(inverseOf(square, epsilon));
  const normalized = times(centered, inverse, 2);
  const slot = (name: string): Bounded => {
    const param = paramOf(flow, path, name);
    return each(x.shape, (i) => [param.value[slotOf(i)]!, param.error[slotOf(i)]!]);
  };
  const y = affine ? add(times(normalized, slot("scale")), slot("shift")) : normalized;
  return [y, (dy) => {
    let slopes = dy;
    if (affine) {
      const [scale, shift] = ["scale", "shift"].map((name) => paramOf(flow, path, name));
      const inSlots = (visit: (to: number, i: number) => void): void => {
        for (let i = 0; i < x.value.length; i++) visit(slotOf(i), i);
      };
      setGrad(flow, path, "shift", sums(shift!.shape, dy, inSlots));
      setGrad(
        flow,
        path,
        "scale",
        products(scale!.shape, dy, normalized, (visit) => {
          inSlots((to, i) => visit(to, i, i));
        }),
      );
      slopes = times(dy, slot("scale"));
    }
    const level = sums([groups], slopes, inGroups, () => 1 / count);
    const tilt = products([groups], slopes, normalized, (visit) => {
      inGroups((to, i) => visit(to, i, i));
    }, () => 1 / count);
    const pulled = add(add(slopes, at(level), -1), times(normalized, at(tilt), 4), -1);
    // What the centered numbers' own rounding makes of the slopes' sum.
    return times(pulled, inverse, 6);
  }];
}
