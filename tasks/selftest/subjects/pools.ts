// Pooling layers: windows of any size and stride, with and without padding, side by side or overlapping.
import {
  type AnyLayer,
  globalMeanPool,
  init,
  key,
  maxPool,
  meanPool,
  normPool,
  type PoolOptions,
  relu,
  sequential,
  type Tensor,
} from "../../../mod.ts";
import type { Numbers } from "../reference.ts";
import type { Draw, Subject, Trial } from "../subject.ts";

type Images = readonly [batch: number, height: number, width: number, channels: number];
type Windows = {
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: "same" | "valid" | number;
};

/** Where windows begin along one axis, at the padded edge. */
function starts({ size, stride, padding }: Windows, axis: 0 | 1, length: number): number[] {
  const [window, step] = [size[axis], stride[axis]];
  const zeros = typeof padding === "number" ? 2 * padding : 0;
  const count = padding === "same"
    ? Math.ceil(length / step)
    : Math.floor((length + zeros - window) / step) + 1;
  const before = padding === "same"
    ? Math.max(0, (count - 1) * step + window - length) >> 1
    : zeros / 2;
  return Array.from({ length: count }, (_, i) => i * step - before);
}

/** What `pool` makes of each window's numbers, channels last; places beyond the edge are left out. */
function pooled(
  x: Numbers,
  [batch, height, width, channels]: Images,
  windows: Windows,
  pool: (numbers: readonly number[]) => number,
): Float64Array {
  const [tops, lefts] = [starts(windows, 0, height), starts(windows, 1, width)];
  const y: number[] = [];
  for (let n = 0; n < batch; n++) {
    for (const top of tops) {
      for (const left of lefts) {
        for (let c = 0; c < channels; c++) {
          const numbers: number[] = [];
          for (let i = Math.max(0, top); i < Math.min(height, top + windows.size[0]); i++) {
            for (let j = Math.max(0, left); j < Math.min(width, left + windows.size[1]); j++) {
              numbers.push(x[((n * height + i) * width + j) * channels + c]!);
            }
          }
          y.push(pool(numbers));
        }
      }
    }
  }
  return Float64Array.from(y);
}

function applied(layer: AnyLayer, x: Tensor): Tensor {
  const { params, state } = init(layer, key(0), x.shape.slice(1));
  return layer.apply(params, state, x, {})[0];
}

function windowsOf(draw: Draw): Windows {
  const size = [draw.whole(2, 3), draw.whole(2, 3)] as const;
  const stride = draw.pick([size, [draw.whole(1, 3), draw.whole(1, 3)] as const]);
  return { size, stride, padding: draw.pick(["same", "valid", 1] as const) };
}

function trialOf(
  draw: Draw,
  make: (options: PoolOptions) => AnyLayer,
  pool: (numbers: readonly number[]) => number,
): Trial {
  const windows = windowsOf(draw);
  const shape = [draw.whole(1, 2), draw.whole(4, 8), draw.whole(4, 8), draw.whole(1, 5)] as const;
  const layer = make(windows);
  return {
    inputs: [draw.distinct(shape)],
    options: `window ${windows.size}, stride ${windows.stride}, padding ${windows.padding}`,
    run: (x) => applied(layer, x!),
    reference: (x) => pooled(x!, shape, windows, pool),
    gradients: "differences",
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, x) => all + x, 0);

/** A window that holds a NaN returns NaN. */
function oddTrial(draw: Draw): Trial {
  const { gradients: _, ...trial } = trialOf(draw, maxPool, (all) => Math.max(...all));
  const [input] = trial.inputs;
  const odd = [NaN, Infinity, -Infinity, 1, 2, 3, 4];
  return {
    ...trial,
    inputs: [{ ...input!, values: input!.values.map(() => draw.pick(odd)) }],
    gradients: "none",
  };
}

/** Pooling of all kinds. */
export const pools: readonly Subject[] = [
  { name: "maxPool", draw: (draw) => trialOf(draw, maxPool, (all) => Math.max(...all)) },
  { name: "maxPool of infinities and NaN", draw: oddTrial },
  {
    name: "maxPool of relu, one pass",
    draw: (draw) =>
      trialOf(
        draw,
        (options) => sequential({ relu: relu(), pool: maxPool(options) }),
        (all) => Math.max(0, ...all),
      ),
  },
  { name: "meanPool", draw: (draw) => trialOf(draw, meanPool, (all) => sum(all) / all.length) },
  {
    name: "normPool, norm 1",
    draw: (draw) =>
      trialOf(
        draw,
        (options) => normPool({ ...options, norm: 1 }),
        (all) => sum(all.map(Math.abs)),
      ),
  },
  {
    name: "normPool, norm 2",
    draw: (draw) => trialOf(draw, normPool, (all) => Math.hypot(...all)),
  },
  {
    name: "globalMeanPool",
    draw: (draw) => {
      const shape = [
        draw.whole(1, 3),
        draw.whole(1, 7),
        draw.whole(1, 7),
        draw.whole(1, 6),
      ] as const;
      const [, height, width] = shape;
      const windows = { size: [height, width], stride: [1, 1], padding: "valid" } as const;
      return {
        inputs: [draw.normal(shape)],
        run: (x) => applied(globalMeanPool(), x!),
        reference: (x) => pooled(x!, shape, windows, (all) => sum(all) / all.length),
        gradients: "differences",
      };
    },
  },
];
