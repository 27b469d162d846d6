// Draws random networks: layers of all kinds, with what they are trained on and by.
import type { Key } from "../../../mod.ts";
import { type Draw as Dice, drawFrom } from "../../../tasks/selftest/subject.ts";
import type { Declaration } from "../../../lib/layers/layer.ts";
import type { OptimizerSpec } from "./optimizer_spec.ts";
import { layerOf, leavesOf, type Spec } from "./spec.ts";

/** How the outputs become one number. */
export type LossKind =
  | "weighted"
  | "squares"
  | "cross-entropy"
  | "absolute"
  | "huber"
  | "binary";

/** A network and what is done with it. */
export type Case = {
  readonly model: Spec;
  readonly shape: readonly number[];
  readonly batch: number;
  readonly training: boolean;
  readonly loss: LossKind;
  readonly optimizer: OptimizerSpec;
  /** Whether images and parameters are whole numbers, so that there are ties and zeros, as in pictures. */
  readonly coarse: boolean;
  readonly steps: number;
  /** Whether plain calls compute a few numbers that the host knows there, as tfjs does by default. */
  readonly onHost: boolean;
  /** Of the numbers. */
  readonly seed: number;
};

/** How large a network's parts may be. */
type Limits = {
  readonly pixels: number;
  readonly channels: number;
  readonly features: number;
  /** Filters and units are a multiple of this as often as not. */
  readonly quad: 1 | 4;
  readonly window: number;
};

/** Many layers on tiny maps: edges of all kinds. */
const TINY: Limits = { pixels: 9, channels: 5, features: 9, quad: 1, window: 3 };

/** Fewer layers with more channels: kernels that take four at once, and several tiles. */
const WIDE: Limits = { pixels: 14, channels: 28, features: 72, quad: 4, window: 5 };

/** The most multiplications of a pass, as each is done in plain TypeScript too. */
const MOST_WORK = 2e6;

/** Draws within limits. */
type Draw = Dice & { readonly limits: Limits };

/** A number of channels or units. */
function width(draw: Draw, most: number): number {
  const { quad } = draw.limits;
  if (quad > 1 && most >= quad && draw.whole(0, 1) === 0) {
    return quad * draw.whole(1, Math.floor(most / quad));
  }
  return draw.whole(1, most);
}

/** Makes a layer for an input shape, or nothing if there is none. */
type Make = (
  draw: Draw,
  shape: readonly number[],
  depth: number,
  leaves: number,
) => Spec | undefined;

function pair(draw: Draw, most: number): number | [number, number] {
  return draw.whole(0, 2) > 0 ? draw.whole(1, most) : [draw.whole(1, most), draw.whole(1, most)];
}

/** An option, left out as often as not. */
function perhaps<T>(draw: Draw, name: string, make: () => T, times = 2): Record<string, T> {
  return draw.whole(1, times) === 1 ? { [name]: make() } : {};
}

/** No options at all if there are none. */
function args(options: Record<string, unknown>): readonly unknown[] {
  return Object.keys(options).length > 0 ? [options] : [];
}

const padding = (draw: Draw, most: number): "same" | "valid" | number =>
  draw.pick(["same", "valid", draw.whole(0, most)] as const);

function pool(op: string, extra: (draw: Draw) => Record<string, unknown> = () => ({})): Make {
  return (draw) => ({
    op,
    args: args({
      ...perhaps(draw, "size", () => pair(draw, 3)),
      ...perhaps(draw, "stride", () => pair(draw, 3)),
      ...perhaps(draw, "padding", () => padding(draw, 1)),
      ...perhaps(draw, "rounding", () => draw.pick(["floor", "ceil"]), 3),
      ...extra(draw),
    }),
  });
}

const plain = (op: string): Make => () => ({ op });

const convolution: Make = (draw, [, , channels]) => {
  const divisors = Array.from({ length: channels! }, (_, i) => i + 1)
    .filter((groups) => channels! % groups === 0);
  const groups = draw.whole(0, 2) === 0 ? draw.pick(divisors) : 1;
  return {
    op: "conv",
    args: [{
      features: groups * width(draw, Math.max(1, Math.floor(draw.limits.channels / groups))),
      size: pair(draw, draw.limits.window),
      ...perhaps(draw, "stride", () => pair(draw, 3), 3),
      ...perhaps(draw, "padding", () => padding(draw, 3)),
      ...perhaps(draw, "dilation", () => pair(draw, 2), 3),
      ...(groups > 1 ? { groups } : {}),
      ...perhaps(draw, "bias", () => false, 4),
    }],
  };
};

const responseNorm: Make = (draw) => ({
  op: "localResponseNorm",
  args: args({
    ...perhaps(draw, "size", () => draw.whole(1, 6)),
    ...perhaps(draw, "alpha", () => draw.pick([1e-4, 0.1, 2])),
    ...perhaps(draw, "beta", () => draw.pick([0.5, 0.75, 1, 2])),
    ...perhaps(draw, "k", () => draw.pick([1, 2, 0.5])),
  }),
});

const anyShape: Readonly<Record<string, Make>> = {
  relu: plain("relu"),
  tanh: plain("tanh"),
  sigmoid: plain("sigmoid"),
  scaledTanh: plain("scaledTanh"),
  softmax: plain("softmax"),
  identity: plain("identity"),
  leakyRelu: (draw) => ({ op: "leakyRelu", args: draw.pick([[], [0.2], [0]]) }),
  dropout: (draw) => ({ op: "dropout", args: [draw.pick([0.1, 0.5, 0.8])] }),
  batchNorm: (draw) => ({
    op: "batchNorm",
    args: args({
      ...perhaps(draw, "epsilon", () => 1e-3, 3),
      ...perhaps(draw, "momentum", () => draw.pick([0.01, 1]), 3),
    }),
  }),
  localResponseNorm: responseNorm,
  relu6: plain("relu6"),
  selu: plain("selu"),
  silu: plain("silu"),
  hardSigmoid: plain("hardSigmoid"),
  hardSwish: plain("hardSwish"),
  softplus: plain("softplus"),
  square: plain("square"),
  logSoftmax: plain("logSoftmax"),
  elu: (draw) => ({ op: "elu", args: draw.pick([[], [0.5]]) }),
  gelu: (draw) => ({ op: "gelu", args: draw.pick([[], [{ approximate: "tanh" }]]) }),
  prelu: (draw) => ({
    op: "prelu",
    args: args({
      ...perhaps(draw, "shared", () => true),
      ...perhaps(draw, "slope", () => draw.pick([0, 0.5])),
    }),
  }),
  gaussianNoise: (draw) => ({ op: "gaussianNoise", args: [draw.pick([0.1, 1])] }),
  stochasticDepth: (draw) => ({
    op: "stochasticDepth",
    args: [draw.pick([0.2, 0.5]), ...args(perhaps(draw, "mode", () => "batch"))],
  }),
  groupNorm: (draw, shape) => {
    const features = shape.at(-1)!;
    const divisors = Array.from({ length: features }, (_, i) => i + 1).filter((groups) =>
      features % groups === 0
    );
    return {
      op: "groupNorm",
      args: [{ groups: draw.pick(divisors), ...perhaps(draw, "affine", () => false, 3) }],
    };
  },
  layerNorm: (draw) => ({
    op: "layerNorm",
    args: args({
      ...perhaps(draw, "axes", () => "all"),
      ...perhaps(draw, "affine", () => false, 3),
      ...perhaps(draw, "epsilon", () => 1e-3, 3),
    }),
  }),
};

const joins: Readonly<Record<string, Make>> = {
  sequential: (draw, shape, depth, leaves) =>
    chain(draw, shape, depth, draw.whole(1, leaves))?.spec,
  residual: (draw, shape, depth, leaves) => {
    const body = chain(draw, shape, depth, draw.whole(1, leaves));
    if (!body) return undefined;
    if (`${body.shape}` === `${shape}`) {
      const own: Spec = { op: "residual", children: { body: body.spec } };
      return own;
    }
    const shortcut = shortcutTo(shape, body.shape);
    return shortcut && { op: "residual", children: { body: body.spec, shortcut } };
  },
  parallel: (draw, shape, depth, leaves) => {
    const join = draw.pick(["concat", "sum", "product", {
      along: draw.whole(-1, shape.length - 1),
    }]);
    const count = draw.whole(1, 3);
    const children: Record<string, Spec> = {};
    for (let b = 0; b < count; b++) {
      const made = chain(
        draw,
        shape,
        depth,
        draw.whole(1, Math.max(1, Math.floor(leaves / count))),
      );
      if (made) children[`branch${"abc"[b]}`] = made.spec;
    }
    return {
      op: "parallel",
      children,
      args: join === "concat" && draw.whole(0, 1) === 0 ? [] : [join],
    };
  },
  graph: drawGraph,
  auxiliary: (draw, shape, depth, leaves) => {
    const head = chain(draw, shape, depth, draw.whole(1, Math.min(2, leaves)));
    return head && { op: "auxiliary", children: { head: head.spec } };
  },
};

/** Layers that take each other's outputs, some of them twice the same. */
function drawGraph(draw: Draw, shape: readonly number[], depth: number): Spec | undefined {
  const shapes = new Map([["input", shape]]);
  const children: Record<string, Spec> = {};
  const from: Record<string, string[]> = {};
  const join: Record<string, string> = {};
  const shares: Record<string, string> = {};
  /** The shape of what a node takes; nothing if that does not go together. */
  const joined = (sources: readonly string[], how: string): readonly number[] | undefined => {
    const taken = sources.map((name) => shapes.get(name)!);
    const [first] = taken;
    const base = (one: readonly number[]): string => `${one.slice(0, -1)}`;
    if (how === "concat") {
      if (taken.some((one) => base(one) !== base(first!))) return undefined;
      return [...first!.slice(0, -1), taken.reduce((sum, one) => sum + one.at(-1)!, 0)];
    }
    return taken.every((one) => `${one}` === `${first}`) ? first : undefined;
  };
  const put = (name: string, sources: string[], how: string, spec: Spec | undefined): void => {
    const input = joined(sources, how);
    const output = spec && input && shapeOf(spec, input, draw.limits);
    if (!output) return;
    children[name] = spec;
    from[name] = sources;
    if (sources.length > 1) join[name] = how;
    shapes.set(name, output);
  };
  for (let i = 0; i < draw.whole(2, 4); i++) {
    const names = [...shapes.keys()];
    const sources = [draw.whole(0, 1) === 0 ? names.at(-1)! : draw.pick(names)];
    const other = draw.pick(names);
    if (draw.whole(0, 2) === 0 && other !== sources[0]) sources.push(other);
    const how = draw.pick(["concat", "sum", "product"]);
    const input = joined(sources, how);
    if (!input) continue;
    const again = Object.entries(children).find(([name, { op }]) =>
      ["conv", "dense", "relu"].includes(op) && from[name]!.length === 1 &&
      `${shapes.get(from[name]![0]!)}` === `${input}`
    );
    if (again && sources.length === 1 && draw.whole(0, 1) === 0) {
      const name = `again${i}`;
      put(name, sources, how, again[1]);
      if (name in children) {
        delete children[name];
        shares[name] = again[0];
      }
      continue;
    }
    const makers = input.length === 3 ? imageLayers : vectorLayers;
    const op = draw.pick(Object.keys(makers).filter((name) => !(name in joins)));
    put(`node${i}`, sources, how, makers[op]!(draw, input, depth - 1, 1));
  }
  const used = new Set(Object.values(from).flat());
  const ends = [...shapes.keys()].filter((name) => !used.has(name));
  if (ends.length > 1) put("end", ends, draw.pick(["concat", "sum"]), { op: "identity" });
  return Object.keys(from).length > 0
    ? { op: "graph", children, args: [{ from, join, shares }] }
    : undefined;
}

/** A shortcut from one shape to another, if one fits. */
function shortcutTo(from: readonly number[], to: readonly number[]): Spec | undefined {
  if (to.length === 1) {
    return from.length === 1 ? { op: "dense", args: [{ features: to[0] }] } : undefined;
  }
  const stride = Math.ceil(from[0]! / to[0]!);
  if (from[2]! <= to[2]! && stride > 0) {
    return {
      op: "zeroPadShortcut",
      args: [{ features: to[2], ...(stride > 1 ? { stride } : {}) }],
    };
  }
  return { op: "conv", args: [{ features: to[2], size: 1, stride }] };
}

const imageLayers: Readonly<Record<string, Make>> = {
  ...anyShape,
  ...joins,
  conv: convolution,
  // As often as all that it is combined with.
  conv2: convolution,
  conv3: convolution,
  conv4: convolution,
  depthwise: (draw, [, , channels]) => ({
    op: "conv",
    args: [{
      features: channels! * draw.whole(1, channels! > 3 ? 1 : 2),
      size: pair(draw, 3),
      groups: channels,
      ...perhaps(draw, "stride", () => pair(draw, 2)),
      ...perhaps(draw, "padding", () => padding(draw, 2)),
    }],
  }),
  tableConv: (draw, [, , channels]) => {
    const seen = (): number[] => {
      const all = Array.from({ length: channels! }, (_, c) => c).filter(() => draw.whole(0, 1) > 0);
      return all.length > 0 ? all : [draw.whole(0, channels! - 1)];
    };
    const table = Array.from({ length: draw.whole(1, 4) }, seen);
    return { op: "tableConv", args: [{ table, size: pair(draw, 3) }] };
  },
  maxPool: pool("maxPool"),
  meanPool: pool("meanPool", (draw) => perhaps(draw, "countPadding", () => true)),
  normPool: pool("normPool", (draw) => perhaps(draw, "norm", () => draw.pick([1, 2]))),
  subsample: (draw) => ({
    op: "subsample",
    args: args(perhaps(draw, "size", () => pair(draw, 3))),
  }),
  adaptiveMeanPool: (draw) => {
    const [height, width] = [draw.whole(1, 4), draw.whole(1, 4)];
    return { op: "adaptiveMeanPool", args: height === width ? [height] : [height, width] };
  },
  padTo: (draw, [height, width]) => ({
    op: "padTo",
    args: [height! + draw.whole(0, 3), width! + draw.whole(0, 3)],
  }),
  zeroPadShortcut: (draw, [, , channels]) => ({
    op: "zeroPadShortcut",
    args: [{
      features: channels! + draw.whole(0, 3),
      ...perhaps(draw, "stride", () => draw.whole(1, 3)),
    }],
  }),
  flatten: plain("flatten"),
  globalMeanPool: plain("globalMeanPool"),
  convTranspose: (draw, [, , channels]) => {
    const divisors = Array.from({ length: channels! }, (_, i) => i + 1)
      .filter((groups) => channels! % groups === 0);
    const groups = draw.whole(0, 2) === 0 ? draw.pick(divisors) : 1;
    return {
      op: "convTranspose",
      args: [{
        features: groups * width(draw, Math.max(1, Math.floor(draw.limits.channels / groups))),
        size: pair(draw, draw.limits.window),
        ...perhaps(draw, "stride", () => pair(draw, 3)),
        ...perhaps(draw, "padding", () => draw.pick([0, 1, [0, 1], [2, 1]]), 3),
        ...perhaps(draw, "outputPadding", () => draw.pick([1, [0, 1], [1, 0]]), 3),
        ...perhaps(draw, "dilation", () => pair(draw, 2), 3),
        ...(groups > 1 ? { groups } : {}),
        ...perhaps(draw, "bias", () => false, 4),
      }],
    };
  },
  instanceNorm: (draw) => ({
    op: "instanceNorm",
    args: args(perhaps(draw, "affine", () => true)),
  }),
  spatialDropout: (draw) => ({ op: "spatialDropout", args: [draw.pick([0.2, 0.5])] }),
  padBy: (draw) => ({
    op: "padBy",
    args: [{
      amount: draw.pick([
        draw.whole(0, 3),
        [draw.whole(0, 3), draw.whole(0, 3)],
        { top: draw.whole(0, 2), left: draw.whole(0, 3) },
        { bottom: draw.whole(1, 2), right: draw.whole(0, 2) },
      ]),
      ...perhaps(draw, "mode", () => draw.pick(["reflect", "edge"])),
    }],
  }),
  transpose: (draw) => ({
    op: "transpose",
    args: [draw.pick([[1, 0, 2], [2, 0, 1], [0, 2, 1], [2, 1, 0], [0, 1, 2]])],
  }),
  slice: (draw, shape) => {
    const begin = shape.map((size) => draw.whole(0, Math.floor((size - 1) / 2)));
    const size = shape.map((length, axis) =>
      draw.whole(0, 1) === 0 ? -1 : draw.whole(1, length - begin[axis]!)
    );
    return { op: "slice", args: [{ begin, size }] };
  },
  reshape: (draw, [height, width, channels]) => ({
    op: "reshape",
    args: [draw.pick([[width, height, -1], [1, -1, channels], [-1, 1, width], [-1]])],
  }),
  reduce: (draw) => ({
    op: "reduce",
    args: [{
      ...draw.pick([
        { axes: [0, 1] },
        { axes: [-1], keep: true },
        { axes: [0], keep: true },
        { axes: [1, 2], keep: true },
        { axes: [1, 0] },
      ]),
      ...perhaps(draw, "by", () => draw.pick(["sum", "max", "min"])),
    }],
  }),
  pixelShuffle: (draw) => ({ op: "pixelShuffle", args: [draw.whole(1, 2)] }),
  pixelUnshuffle: (draw) => ({ op: "pixelUnshuffle", args: [draw.whole(1, 3)] }),
  upsample: (draw) => ({
    op: "upsample",
    args: args({
      ...draw.pick([
        {},
        { factor: pair(draw, 3) },
        { size: [draw.whole(1, 9), draw.whole(1, 9)] },
      ]),
      ...perhaps(draw, "method", () => "bilinear"),
      ...perhaps(draw, "align", () => draw.pick(["half-pixel", "align-corners", "asymmetric"])),
    }),
  }),
  squeezeExcite: (draw, [, , channels]) => ({
    op: "squeezeExcite",
    args: [{ channels, ...perhaps(draw, "squeezed", () => draw.whole(1, 4)) }],
  }),
};

const vectorLayers: Readonly<Record<string, Make>> = {
  ...anyShape,
  ...joins,
  dense: (draw) => ({
    op: "dense",
    args: [{
      features: width(draw, draw.limits.features),
      ...perhaps(draw, "bias", () => false, 4),
    }],
  }),
  dense2: (draw) => ({ op: "dense", args: [{ features: width(draw, draw.limits.features) }] }),
  radialBasis: (draw, [features]) => ({
    op: "radialBasis",
    args: [
      Array.from(
        { length: draw.whole(1, 4) },
        () => Array.from({ length: features! }, () => draw.pick([-1, 1, 0])),
      ),
    ],
  }),
};

/** Which activation is put behind a layer with weights, to be computed in one pass with it. */
const FUSED = ["relu", "tanh", "relu", "sigmoid"] as const;

/** A chain of layers of so many leaves, and the shape it makes. */
function chain(
  draw: Draw,
  shape: readonly number[],
  depth: number,
  leaves: number,
): { readonly spec: Spec; readonly shape: readonly number[] } | undefined {
  const children: Record<string, Spec> = {};
  let at = shape;
  let left = leaves;
  for (let tries = 0; left > 0 && tries < 30; tries++) {
    const makers = at.length === 3 ? imageLayers : vectorLayers;
    const last = Object.values(children).at(-1)?.op;
    const isWeighted = last === "conv" || last === "dense";
    const weighted = at.length === 3 ? "conv" : "dense";
    // What is wide is so for the products' sake.
    const name = draw.limits.quad > 1 && !isWeighted && draw.whole(0, 1) === 0
      ? weighted
      : isWeighted && draw.whole(0, 2) === 0
      ? draw.pick(FUSED)
      : last === "relu" && at.length === 3 && draw.whole(0, 2) === 0
      ? "maxPool"
      : draw.pick(Object.keys(makers).filter((name) => depth > 0 || !(name in joins)));
    const spec = makers[name]!(draw, at, depth - 1, Math.min(left, 3));
    const next = spec && shapeOf(spec, at, draw.limits);
    if (!next) continue;
    children[`${spec.op}${Object.keys(children).length}`] = spec;
    at = next;
    left -= leavesOf(spec).length;
  }
  return Object.keys(children).length > 0
    ? { spec: { op: "sequential", children }, shape: at }
    : undefined;
}

/** What a layer makes of inputs of a shape; nothing if it refuses them or that is too large. */
function shapeOf(
  spec: Spec,
  shape: readonly number[],
  limits: Limits,
): readonly number[] | undefined {
  try {
    const out = layerOf(spec).declare(shape).shape;
    // What branches join, and pads add, may be more than a layer makes.
    const [pixels, channels] = [limits.pixels + 3, 2 * limits.channels];
    const fits = out.length === 1
      ? out[0]! <= 4 * limits.features || spec.op === "flatten"
      : out[0]! <= pixels && out[1]! <= pixels && out[2]! <= channels;
    return fits ? out : undefined;
  } catch {
    return undefined;
  }
}

/** The operations of a pass, for one example. */
function workOf({ cost, children = [] }: Declaration): number {
  return (cost?.flops ?? 0) +
    children.reduce((sum, { declaration }) => sum + workOf(declaration), 0);
}

/** An optimizer with random options. */
function drawOptimizer(draw: Draw): OptimizerSpec {
  const kind = draw.pick(["sgd", "adam", "adamw", "rmsprop", "lars"] as const);
  const momentum = perhaps(draw, "momentum", () => draw.pick([0.9, 0.5]));
  const options: Record<string, unknown> = {
    sgd: () => ({
      ...momentum,
      ...("momentum" in momentum ? perhaps(draw, "nesterov", () => true) : {}),
    }),
    adam: () => perhaps(draw, "beta1", () => draw.pick([0, 0.5])),
    adamw: () => perhaps(draw, "beta2", () => draw.pick([0.5, 0.9])),
    rmsprop: () => ({ ...momentum, ...perhaps(draw, "centered", () => true) }),
    lars: () => ({ ...momentum, ...perhaps(draw, "trust", () => 0.02) }),
  }[kind]();
  if (kind !== "adam") Object.assign(options, perhaps(draw, "weightDecay", () => 0.1));
  const rate = kind === "lars" ? 0.5 : kind === "sgd" ? 0.05 : 0.01;
  const before = draw.pick(
    [
      undefined,
      undefined,
      ["clipByNorm", 0.5],
      ["clipByValue", 0.1],
      ["weightDecay", 0.05],
    ] as const,
  );
  const around = draw.pick([undefined, undefined, undefined, "ema", "accumulate"] as const);
  return {
    kind,
    rate: draw.whole(0, 2) === 0 ? [rate, rate / 2, rate / 10] : rate,
    options,
    ...(kind !== "adam" ? perhaps(draw, "kernelsOnly", () => true, 3) : {}),
    ...(before ? { before } : {}),
    ...(around ? { around } : {}),
  };
}

/**
 * A random network, the same for the same key.
 *
 * @param isWide whether it has more channels and fewer layers
 */
export function drawCase(key: Key, isWide = false): Case {
  const limits = isWide ? WIDE : TINY;
  const draw: Draw = { ...drawFrom(key), limits };
  for (;;) {
    const isVector = draw.whole(0, 7) === 0;
    // Maps of one pixel, rows and columns are rare among random sizes, and faults like them.
    const side = (): number => draw.whole(0, 5) === 0 ? 1 : draw.whole(2, limits.pixels);
    const shape = isVector
      ? [width(draw, limits.features + 3)]
      : [side(), side(), width(draw, limits.channels)];
    const made = chain(draw, shape, 2, draw.whole(2, isWide ? 4 : 8));
    const batch = draw.pick(isWide ? [1, 2, 8, 17] : [1, 1, 2, 3, 4, 5]);
    if (!made || batch * workOf(layerOf(made.spec).declare(shape)) > MOST_WORK) continue;
    const isLogits = made.shape.length === 1 && made.shape[0]! > 1;
    return {
      model: made.spec,
      shape,
      batch,
      training: draw.whole(0, 5) > 0,
      loss: draw.pick(
        isLogits
          ? ["cross-entropy", "weighted", "squares", "huber", "cross-entropy"] as const
          : ["weighted", "squares", "absolute", "huber", "binary"] as const,
      ),
      optimizer: drawOptimizer(draw),
      coarse: draw.whole(0, 1) === 0,
      steps: 3,
      onHost: draw.whole(0, 1) === 0,
      seed: draw.whole(0, 1e6),
    };
  }
}
