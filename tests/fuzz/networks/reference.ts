// Every layer in plain TypeScript and double precision, forward and backward, with bounds of what
// float32 may make of it. Written from the papers and PyTorch's documentation, not from lib/.
import { fold, type Key } from "../../../mod.ts";
import {
  add,
  type Bounded,
  each,
  monotone,
  products,
  reshaped,
  rounding,
  scaled,
  sizeOf,
  sums,
  times,
  zerosOf,
} from "./bounded.ts";
import { dropped, rectified, sigmoidOf, softmaxOf, tanhOf } from "./elementwise_reference.ts";
import { type Back, type Flow, join, paramOf, type Passed, type Place, setGrad } from "./flow.ts";
import { batchNormOf, groupNormOf, responseNormOf } from "./norm_reference.ts";
import type { Spec, Wiring } from "./spec.ts";
import { divisorsOf, pairOf, placesOf, type WindowOptions } from "./window_reference.ts";
import {
  droppedTogether,
  noised,
  padded,
  reduced,
  shuffled,
  sliced,
  transposed,
  unshuffled,
  upsampled,
} from "./arrange_reference.ts";
import { curved, CURVES, logSoftmaxOf, preluOf } from "./curves_reference.ts";

// deno-lint-ignore no-explicit-any -- a layer's options, as JSON
type Options = any;

/** Passes a batch through a network. */
export function pass(flow: Flow, spec: Spec, x: Bounded, place: Place): Passed {
  const rule = RULES[spec.op];
  if (!rule) throw new Error(`Cannot compare a ${spec.op} layer: it has no reference`);
  return rule(flow, x, spec.args ?? [], place, spec.children ?? {});
}

type Rule = (
  flow: Flow,
  x: Bounded,
  args: readonly Options[],
  place: Place,
  children: Readonly<Record<string, Spec>>,
) => Passed;

/** Passes a batch through a named layer within another. */
function passChild(flow: Flow, name: string, spec: Spec, x: Bounded, { path, key }: Place): Passed {
  return pass(flow, spec, x, { path: join(path, name), key: fold(key, name) as Key });
}

const IDENTITY = (x: Bounded): Passed => [x, (dy) => dy];

const RULES: Readonly<Record<string, Rule>> = {
  identity: (_, x) => IDENTITY(x),
  relu: (flow, x) => rectified(flow, x, 0),
  leakyRelu: (flow, x, [slope = 0.01]) => rectified(flow, x, slope),
  tanh: (_, x) => tanhOf(x),
  sigmoid: (_, x) => sigmoidOf(x),
  softmax: (_, x) => softmaxOf(x),
  scaledTanh(_, x) {
    const [y, back] = tanhOf(scaled(x, 2 / 3));
    return [scaled(y, 1.7159), (dy) => scaled(back(scaled(dy, 1.7159)), 2 / 3)];
  },
  dropout: (flow, x, [rate], place) => dropped(flow, x, rate, place),
  batchNorm: (flow, x, [options], place) => batchNormOf(flow, x, options, place),
  localResponseNorm: (_, x, [options]) => responseNormOf(x, options),
  flatten: (_, x) => [
    reshaped(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]),
    (dy) => reshaped(dy, x.shape),
  ],
  dense(flow, x, [options], { path }) {
    const kernel = paramOf(flow, path, "kernel");
    const [rows, inputs, features] = [x.shape[0]!, x.shape[1]!, options.features];
    const terms = (visit: (y: number, x: number, k: number) => void): void => {
      for (let n = 0; n < rows; n++) {
        for (let p = 0; p < inputs; p++) {
          for (let q = 0; q < features; q++) {
            visit(n * features + q, n * inputs + p, p * features + q);
          }
        }
      }
    };
    return linear(flow, path, x, kernel, [rows, features], terms, options.bias !== false);
  },
  conv(flow, x, [options], { path }) {
    const kernel = paramOf(flow, path, "kernel");
    const { groups = 1, features } = options;
    const channels = x.shape[3]!;
    const { places, output } = placesOf(x.shape, { stride: 1, ...options });
    const [inputs, outputs] = [channels / groups, features / groups];
    const terms = (visit: (y: number, x: number, k: number) => void): void => {
      for (const { to, from, tap } of places) {
        for (let p = 0; p < inputs; p++) {
          for (let q = 0; q < features; q++) {
            const group = Math.floor(q / outputs);
            visit(
              to * features + q,
              from * channels + group * inputs + p,
              (tap * inputs + p) * features + q,
            );
          }
        }
      }
    };
    const shape = [x.shape[0]!, ...output, features];
    return linear(flow, path, x, kernel, shape, terms, options.bias !== false);
  },
  tableConv(flow, x, [{ table, size }], { path }) {
    const kernel = paramOf(flow, path, "kernel");
    const seen = (table as number[][]).flatMap((channels, map) =>
      channels.map((c) => [c, map] as const)
    );
    const channels = x.shape[3]!;
    const features = table.length;
    const { places, output } = placesOf(x.shape, { size, stride: 1 });
    const terms = (visit: (y: number, x: number, k: number) => void): void => {
      for (const { to, from, tap } of places) {
        seen.forEach(([c, map], connection) =>
          visit(to * features + map, from * channels + c, tap * seen.length + connection)
        );
      }
    };
    return linear(flow, path, x, kernel, [x.shape[0]!, ...output, features], terms, true);
  },
  maxPool: (flow, x, [options]) => largest(flow, x, options),
  meanPool: (_, x, [options = {}]) => {
    const divisors = divisorsOf(x.shape, options, options.countPadding ?? false);
    const { windows } = windowsOf(x, options);
    const channels = x.shape[3]!;
    return windows((to) => 1 / divisors[Math.floor(to / channels) % divisors.length]!);
  },
  normPool(flow, x, [options = {}]) {
    if (options.norm === 1) return magnitudes(flow, x, options);
    return roots(flow, x, options);
  },
  subsample(flow, x, [options = {}], { path }) {
    const channels = x.shape[3]!;
    const [coefficient, bias] = [paramOf(flow, path, "coefficient"), paramOf(flow, path, "bias")];
    const [totals, back] = windowsOf(x, options).windows();
    const own = (feature: Bounded): Bounded =>
      each(totals.shape, (i) => [feature.value[i % channels]!, feature.error[i % channels]!]);
    const y = add(times(totals, own(coefficient)), own(bias));
    return [y, (dy) => {
      const places = (visit: (to: number, i: number) => void): void => {
        for (let i = 0; i < dy.value.length; i++) visit(i % channels, i);
      };
      setGrad(flow, path, "bias", sums(bias.shape, dy, places));
      setGrad(
        flow,
        path,
        "coefficient",
        products(coefficient.shape, dy, totals, (visit) => {
          places((to, i) => visit(to, i, i));
        }),
      );
      return back(times(dy, own(coefficient)));
    }];
  },
  globalMeanPool(_, x) {
    const [images, height, width, channels] = x.shape as [number, number, number, number];
    const terms = (visit: (to: number, from: number) => void): void => {
      for (let i = 0; i < x.value.length; i++) {
        visit(Math.floor(i / (height * width * channels)) * channels + i % channels, i);
      }
    };
    const share = (): number => 1 / (height * width);
    return transposable([images, channels], x, terms, share);
  },
  adaptiveMeanPool(_, x, [height, width = height]) {
    const [images, h, w, channels] = x.shape as [number, number, number, number];
    const range = (i: number, length: number, count: number): [number, number] => [
      Math.floor(i * length / count),
      Math.ceil((i + 1) * length / count),
    ];
    const counts: number[] = [];
    const terms = (visit: (to: number, from: number) => void): void => {
      for (let n = 0; n < images; n++) {
        for (let i = 0; i < height; i++) {
          for (let j = 0; j < width; j++) {
            const [top, bottom] = range(i, h, height);
            const [left, right] = range(j, w, width);
            for (let c = 0; c < channels; c++) {
              const to = ((n * height + i) * width + j) * channels + c;
              counts[to] = (bottom - top) * (right - left);
              for (let r = top; r < bottom; r++) {
                for (let s = left; s < right; s++) visit(to, ((n * h + r) * w + s) * channels + c);
              }
            }
          }
        }
      }
    };
    return transposable([images, height, width, channels], x, terms, (to) => 1 / counts[to]!);
  },
  padTo(_, x, [height, width = height]) {
    const [images, h, w, channels] = x.shape as [number, number, number, number];
    const [top, left] = [Math.floor((height - h) / 2), Math.floor((width - w) / 2)];
    const terms = (visit: (to: number, from: number) => void): void => {
      for (let from = 0; from < x.value.length; from++) {
        const [c, s] = [from % channels, Math.floor(from / channels) % w];
        const [r, n] = [
          Math.floor(from / (channels * w)) % h,
          Math.floor(from / (channels * w * h)),
        ];
        visit(((n * height + r + top) * width + s + left) * channels + c, from);
      }
    };
    return moved([images, height, width, channels], x, terms);
  },
  zeroPadShortcut(_, x, [{ features, stride = 1 }]) {
    const [images, h, w, channels] = x.shape as [number, number, number, number];
    const [rows, columns] = [Math.ceil(h / stride), Math.ceil(w / stride)];
    const before = Math.floor((features - channels) / 2);
    const terms = (visit: (to: number, from: number) => void): void => {
      for (let n = 0; n < images; n++) {
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            for (let c = 0; c < channels; c++) {
              const to = ((n * rows + i) * columns + j) * features + before + c;
              visit(to, ((n * h + i * stride) * w + j * stride) * channels + c);
            }
          }
        }
      }
    };
    return moved([images, rows, columns, features], x, terms);
  },
  radialBasis(flow, x, [codes], { path }) {
    const [rows, features] = x.shape as [number, number];
    const classes = codes.length;
    flow.nextState.set(join(path, "codes"), flow.state.get(join(path, "codes"))!);
    const differences = each([rows, classes, features], (i) => {
      const at = Math.floor(i / (classes * features)) * features + i % features;
      const value = x.value[at]! - codes[Math.floor(i / features) % classes][i % features];
      return [value, x.error[at]! + rounding(Math.abs(value))];
    });
    const y = products([rows, classes], differences, differences, (visit) => {
      for (let i = 0; i < differences.value.length; i++) visit(Math.floor(i / features), i, i);
    }, () => -1);
    return [y, (dy) =>
      products(x.shape, differences, dy, (visit) => {
        for (let i = 0; i < differences.value.length; i++) {
          const at = Math.floor(i / (classes * features)) * features + i % features;
          visit(at, i, Math.floor(i / features));
        }
      }, () => -2)];
  },
  sequential(flow, x, _args, place, children) {
    let y = x;
    const backs: Back[] = [];
    for (const [name, child] of Object.entries(children)) {
      const [next, back] = passChild(flow, name, child, y, place);
      y = next;
      backs.unshift(back);
    }
    return [y, (dy) => backs.reduce((slopes, back) => back(slopes), dy)];
  },
  graph(flow, x, [wiring], place, children) {
    const { from, join: joins, shares } = wiring as Wiring;
    const values = new Map<string, Bounded>([["input", x]]);
    const backs: (readonly [name: string, back: Back])[] = [];
    const slopes = new Map<string, Bounded>();
    const give = (name: string, dy: Bounded): void => {
      const before = slopes.get(name);
      slopes.set(name, before ? add(before, dy) : dy);
    };
    for (const [name, sources] of Object.entries(from)) {
      const owner = shares[name] ?? name;
      const taken = sources.map((source) => values.get(source)!);
      const [joined, part] = joinedOf(taken, joins[name] ?? "concat");
      const [y, back] = passChild(flow, owner, children[owner]!, joined, place);
      values.set(name, y);
      backs.unshift([name, (dy) => {
        part(back(dy)).forEach((slope, i) => give(sources[i]!, slope));
        return dy;
      }]);
    }
    return [values.get(backs[0]![0])!, (dy) => {
      give(backs[0]![0], dy);
      for (const [name, back] of backs) back(slopes.get(name)!);
      return slopes.get("input")!;
    }];
  },
  parallel: (flow, x, [join = "concat"], place, children) =>
    branches(flow, x, join, place, children),
  residual: (flow, x, _args, place, { body, shortcut = { op: "identity" } }) =>
    branches(flow, x, "sum", place, { body: body!, shortcut }),
  ...Object.fromEntries(
    Object.entries(CURVES).map(([op, curve]): [string, Rule] => [
      op,
      (flow, x, [option]) => curved(flow, x, curve(option as never)),
    ]),
  ),
  prelu: (flow, x, _args, place) => preluOf(flow, x, place),
  logSoftmax: (_, x) => logSoftmaxOf(x),
  padBy: (_, x, [options]) => padded(x, options),
  transpose: (_, x, [order]) => transposed(x, order),
  slice: (_, x, [options]) => sliced(x, options),
  reshape: (_, x, [shape]) => {
    const known = sizeOf(shape.filter((size: number) => size !== -1));
    const own = shape.map((size: number) => size === -1 ? sizeOf(x.shape.slice(1)) / known : size);
    return [reshaped(x, [x.shape[0]!, ...own]), (dy) => reshaped(dy, x.shape)];
  },
  reduce: (flow, x, [options]) => reduced(flow, x, options),
  pixelShuffle: (_, x, [factor]) => shuffled(x, factor),
  pixelUnshuffle: (_, x, [factor]) => unshuffled(x, factor),
  upsample: (_, x, [options]) => upsampled(x, options),
  gaussianNoise: (flow, x, [deviation], place) => noised(flow, x, deviation, place),
  spatialDropout: (flow, x, [rate], place) =>
    droppedTogether(flow, x, rate, place, ([n, , , c]) => n! * x.shape[3]! + c!),
  stochasticDepth: (flow, x, [rate, { mode = "row" } = {}], place) =>
    droppedTogether(flow, x, rate, place, ([n]) => mode === "row" ? n! : 0),
  groupNorm(flow, x, [{ groups, epsilon, affine = true }], place) {
    const features = x.shape.at(-1)!;
    const size = x.value.length / x.shape[0]!;
    const group = (i: number): number =>
      Math.floor(i / size) * groups + Math.floor((i % features) * groups / features);
    return groupNormOf(flow, x, place, { epsilon, affine }, group, (i) => i % features);
  },
  instanceNorm(flow, x, [{ epsilon, affine = false } = {}], place) {
    const features = x.shape.at(-1)!;
    const size = x.value.length / x.shape[0]!;
    const group = (i: number): number => Math.floor(i / size) * features + i % features;
    return groupNormOf(flow, x, place, { epsilon, affine }, group, (i) => i % features);
  },
  layerNorm(flow, x, [{ axes = "last", epsilon, affine = true } = {}], place) {
    const width = axes === "last" ? x.shape.at(-1)! : sizeOf(x.shape.slice(1));
    const group = (i: number): number => Math.floor(i / width);
    return groupNormOf(flow, x, place, { epsilon, affine }, group, (i) => i % width);
  },
  convTranspose(flow, x, [options], { path }) {
    const kernel = paramOf(flow, path, "kernel");
    const { features, groups = 1 } = options;
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const [size, stride, padding, extra, dilation] = [
      options.size,
      options.stride ?? 1,
      options.padding ?? 0,
      options.outputPadding ?? 0,
      options.dilation ?? 1,
    ].map(pairOf) as [number, number][];
    const output = [height, width].map((length, axis) =>
      (length - 1) * stride![axis]! - 2 * padding![axis]! + dilation![axis]! * (size![axis]! - 1) +
      extra![axis]! + 1
    );
    const [inputs, outputs] = [channels / groups, features / groups];
    const terms = (visit: (y: number, x: number, k: number) => void): void => {
      for (let from = 0; from < batch * height * width; from++) {
        const [n, i, j] = [
          Math.floor(from / (height * width)),
          Math.floor(from / width) % height,
          from % width,
        ];
        for (let u = 0; u < size![0]; u++) {
          for (let v = 0; v < size![1]; v++) {
            const row = i * stride![0] + u * dilation![0] - padding![0];
            const column = j * stride![1] + v * dilation![1] - padding![1];
            if (row < 0 || row >= output[0]! || column < 0 || column >= output[1]!) continue;
            const to = (n * output[0]! + row) * output[1]! + column;
            for (let p = 0; p < channels; p++) {
              const group = Math.floor(p / inputs);
              for (let q = 0; q < outputs; q++) {
                visit(
                  to * features + group * outputs + q,
                  from * channels + p,
                  ((u * size![1] + v) * outputs + q) * channels + p,
                );
              }
            }
          }
        }
      }
    };
    const shape = [batch, ...output, features];
    return linear(flow, path, x, kernel, shape, terms, options.bias !== false);
  },
  squeezeExcite(flow, x, [{ channels, squeezed = Math.max(1, Math.floor(channels / 16)) }], place) {
    const gate: Spec = {
      op: "sequential",
      children: {
        pool: { op: "globalMeanPool" },
        squeeze: { op: "dense", args: [{ features: squeezed }] },
        activation: { op: "relu" },
        excite: { op: "dense", args: [{ features: channels }] },
        gate: { op: "sigmoid" },
      },
    };
    const [weights, back] = passChild(flow, "gate", gate, x, place);
    const size = x.value.length / x.shape[0]!;
    const at = (i: number): number => Math.floor(i / size) * channels + i % channels;
    const own = each(x.shape, (i) => [weights.value[at(i)]!, weights.error[at(i)]!]);
    return [times(x, own), (dy) => {
      const slopes = products(weights.shape, x, dy, (visit) => {
        for (let i = 0; i < x.value.length; i++) visit(at(i), i, i);
      });
      return add(times(dy, own), back(slopes));
    }];
  },
  auxiliary(flow, x, _args, place, { head }) {
    // Its loss is not added here: it only moves statistics.
    if (flow.training) passChild(flow, "head", head!, x, place);
    return IDENTITY(x);
  },
};

/** Σ x · kernel + bias, of which the terms say the places; the slopes are sums of the same terms. */
function linear(
  flow: Flow,
  path: string,
  x: Bounded,
  kernel: Bounded,
  shape: readonly number[],
  terms: (visit: (y: number, x: number, kernel: number) => void) => void,
  hasBias: boolean,
): Passed {
  const features = shape.at(-1)!;
  const product = products(shape, x, kernel, terms);
  const bias = hasBias ? paramOf(flow, path, "bias") : undefined;
  const y = bias
    ? add(product, each(shape, (i) => [bias.value[i % features]!, bias.error[i % features]!]))
    : product;
  return [y, (dy) => {
    if (bias) {
      setGrad(
        flow,
        path,
        "bias",
        sums(bias.shape, dy, (visit) => {
          for (let i = 0; i < dy.value.length; i++) visit(i % features, i);
        }),
      );
    }
    const swapped = (visit: (to: number, i: number, j: number) => void): void =>
      terms((to, i, j) => visit(j, i, to));
    setGrad(flow, path, "kernel", products(kernel.shape, x, dy, swapped));
    return products(x.shape, dy, kernel, (visit) => terms((to, i, j) => visit(i, to, j)));
  }];
}

/** Sums times a share each, and the way back. */
function transposable(
  shape: readonly number[],
  x: Bounded,
  terms: (visit: (to: number, from: number) => void) => void,
  share: (to: number) => number,
): Passed {
  const y = sums(shape, x, terms, share);
  return [y, (dy) => {
    const shares = each(shape, (i) => {
      const value = dy.value[i]! * share(i);
      return [value, dy.error[i]! * Math.abs(share(i)) + rounding(Math.abs(value), 4)];
    });
    return sums(x.shape, shares, (visit) => terms((to, from) => visit(from, to)));
  }];
}

/** Numbers put elsewhere, zeros between them. */
function moved(
  shape: readonly number[],
  x: Bounded,
  terms: (visit: (to: number, from: number) => void) => void,
): Passed {
  const move = (from: Bounded, to: Bounded, back: boolean): Bounded => {
    terms((i, j) => {
      const [target, source] = back ? [j, i] : [i, j];
      to.value[target] = from.value[source]!;
      to.error[target] = from.error[source]!;
    });
    return to;
  };
  return [move(x, zerosOf(shape), false), (dy) => move(dy, zerosOf(x.shape), true)];
}

/** The windows over a batch's maps. */
function windowsOf(x: Bounded, options: WindowOptions = {}): {
  readonly shape: readonly number[];
  readonly terms: (visit: (to: number, from: number) => void) => void;
  readonly windows: (share?: (to: number) => number) => Passed;
} {
  const channels = x.shape[3]!;
  const { places, output } = placesOf(x.shape, options);
  const shape = [x.shape[0]!, ...output, channels];
  const terms = (visit: (to: number, from: number) => void): void => {
    for (const { to, from } of places) {
      for (let c = 0; c < channels; c++) visit(to * channels + c, from * channels + c);
    }
  };
  return { shape, terms, windows: (share = () => 1) => transposable(shape, x, terms, share) };
}

/** The largest of each window; the slope goes to the first of equals. */
function largest(flow: Flow, x: Bounded, options: WindowOptions): Passed {
  const { shape, terms } = windowsOf(x, options);
  const members: number[][] = Array.from({ length: sizeOf(shape) }, () => []);
  terms((to, from) => members[to]!.push(from));
  const low = (i: number): number => x.value[i]! - x.error[i]!;
  /** Those that may be the largest. */
  const candidates = members.map((window) => {
    const least = Math.max(...window.map(low));
    return window.filter((i) => x.value[i]! + x.error[i]! >= least);
  });
  const first = candidates.map((window) =>
    window.reduce((best, i) => x.value[i]! > x.value[best]! ? i : best)
  );
  const y = each(shape, (to) => [
    x.value[first[to]!]!,
    Math.max(...candidates[to]!.map((i) => x.error[i]!)),
  ]);
  return [y, (dy) => {
    const dx = zerosOf(x.shape);
    const [size, count] = [new Float64Array(dx.value.length), new Int32Array(dx.value.length)];
    candidates.forEach((window, to) => {
      const [slope, bound] = [dy.value[to]!, dy.error[to]!];
      const isDecided = window.every((i) => x.error[i] === 0);
      if (!isDecided && window.length > 1) flow.undecided++;
      dx.value[first[to]!]! += slope;
      for (const i of window) {
        const doubt = !isDecided && window.length > 1 ? Math.abs(slope) : 0;
        if (doubt === 0 && i !== first[to]) continue;
        dx.error[i]! += bound + doubt;
        size[i]! += Math.abs(slope) + bound;
        count[i]!++;
      }
    });
    for (let i = 0; i < size.length; i++) {
      if (count[i]! > 1) dx.error[i]! += rounding(size[i]!, count[i]!);
    }
    return dx;
  }];
}

/** The sum of magnitudes of each window; at zero the slope is zero. */
function magnitudes(flow: Flow, x: Bounded, options: WindowOptions): Passed {
  const sized = each(x.shape, (i) => [Math.abs(x.value[i]!), x.error[i]!]);
  const [y, back] = windowsOf(sized, options).windows();
  return [y, (dy) => {
    const slopes = back(dy);
    return each(x.shape, (i) => {
      const [slope, bound] = [slopes.value[i]!, slopes.error[i]!];
      const sign = Math.sign(x.value[i]!);
      if (x.error[i] === 0 || Math.abs(x.value[i]!) > x.error[i]!) {
        return [sign * slope, sign === 0 ? 0 : bound];
      }
      flow.undecided++;
      return [sign * slope, bound + 2 * Math.abs(slope)];
    });
  }];
}

/** The root of the sum of squares of each window, at least 1e-15, below which its slope is zero. */
function roots(flow: Flow, x: Bounded, options: WindowOptions): Passed {
  const { terms, shape } = windowsOf(x, options);
  const total = products(shape, x, x, (visit) => terms((to, from) => visit(to, from, from)));
  const y = monotone(total, (sum) => Math.sqrt(Math.max(sum, 1e-30)), 9, [0, Infinity]);
  return [y, (dy) => {
    const dx = zerosOf(x.shape);
    terms((to, from) => {
      const [at, error, root, slope] = [
        x.value[from]!,
        x.error[from]!,
        y.value[to]!,
        dy.value[to]!,
      ];
      if (total.error[to] === 0 && total.value[to]! < 1e-30) return;
      const share = total.value[to]! < 1e-30 ? 0 : at / root;
      dx.value[from]! += share * slope;
      // d(x / y) = dx / y − x dy / y²; and no share of a root is above 1, whatever rounds.
      const relative = error / root + Math.abs(at) / root * (y.error[to]! / root);
      if (relative > 0.5) flow.undecided++;
      const doubt = Math.min(2, relative * (1 + 2 * relative)) * (Math.abs(slope) + dy.error[to]!);
      dx.error[from]! += doubt + Math.min(1, Math.abs(share)) * dy.error[to]! +
        rounding(Math.abs(share * slope), 16);
    });
    return dx;
  }];
}

/** How the outputs of layers beside one another become one. */
type Joining = "concat" | "sum" | "product" | { readonly along: number };

/** Tensors behind one another along an axis, added or multiplied; and the slopes by each. */
function joinedOf(
  outputs: readonly Bounded[],
  how: Joining,
): readonly [y: Bounded, part: (dy: Bounded) => Bounded[]] {
  if (outputs.length === 1) return [outputs[0]!, (dy) => [dy]];
  if (how === "sum") {
    return [outputs.reduce((sum, one) => add(sum, one)), (dy) => outputs.map(() => dy)];
  }
  if (how === "product") {
    const multiply = (all: readonly Bounded[]): Bounded => all.reduce((a, b) => times(a, b));
    return [
      multiply(outputs),
      (dy) => outputs.map((_, b) => multiply([dy, ...outputs.filter((_, i) => i !== b)])),
    ];
  }
  const rank = outputs[0]!.shape.length;
  const axis = how === "concat" ? rank - 1 : how.along < 0 ? rank + how.along : how.along + 1;
  const lengths = outputs.map(({ shape }) => shape[axis]!);
  const length = lengths.reduce((sum, one) => sum + one, 0);
  const inner = sizeOf(outputs[0]!.shape.slice(axis + 1));
  const starts = lengths.map((_, b) => lengths.slice(0, b).reduce((sum, one) => sum + one, 0));
  const y = each(outputs[0]!.shape.with(axis, length), (i) => {
    const [outer, along] = [Math.floor(i / (length * inner)), Math.floor(i / inner) % length];
    const b = starts.findLastIndex((start) => start <= along);
    const at = (outer * lengths[b]! + along - starts[b]!) * inner + i % inner;
    return [outputs[b]!.value[at]!, outputs[b]!.error[at]!];
  });
  return [y, (dy) =>
    outputs.map((own, b) =>
      each(own.shape, (i) => {
        const [outer, along] = [
          Math.floor(i / (lengths[b]! * inner)),
          Math.floor(i / inner) % lengths[b]!,
        ];
        const at = (outer * length + starts[b]! + along) * inner + i % inner;
        return [dy.value[at]!, dy.error[at]!];
      })
    )];
}

/** Layers beside one another on the same input. */
function branches(
  flow: Flow,
  x: Bounded,
  how: Joining,
  place: Place,
  children: Readonly<Record<string, Spec>>,
): Passed {
  const passed = Object.entries(children).map(([name, child]) =>
    passChild(flow, name, child, x, place)
  );
  const [y, part] = joinedOf(passed.map(([y]) => y), how);
  return [
    y,
    (dy) => part(dy).map((slope, b) => passed[b]![1](slope)).reduce((sum, one) => add(sum, one)),
  ];
}
