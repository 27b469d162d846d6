// A network as plain data: what is drawn, built, shrunk and printed as code.
import {
  adaptiveMeanPool,
  type AnyLayer,
  auxiliary,
  batchNorm,
  conv,
  dense,
  dropout,
  flatten,
  globalMeanPool,
  graph,
  identity,
  layers,
  leakyRelu,
  localResponseNorm,
  maxPool,
  meanPool,
  normPool,
  padTo,
  parallel,
  relu,
  residual,
  sequential,
  sigmoid,
  softmax,
  tanh,
  tf,
  zeroPadShortcut,
} from "../../../mod.ts";
import { scaledTanh } from "../../../lib/layers/activation.ts";
import { radialBasis } from "../../../lib/layers/radial_basis.ts";
import { subsample } from "../../../lib/layers/subsample.ts";
import { tableConv } from "../../../lib/layers/table_conv.ts";

/** A layer: its maker's name, the layers it is made of, and its other arguments. */
export type Spec = {
  readonly op: string;
  readonly children?: Readonly<Record<string, Spec>>;
  // deno-lint-ignore no-explicit-any -- options of each maker, as JSON
  readonly args?: readonly any[];
};

// deno-lint-ignore no-explicit-any -- the makers' own types say what each takes
type Maker = (children: Record<string, AnyLayer>, ...args: any[]) => AnyLayer;

/** What the nodes of a graph take, and which of them are another one's layer again. */
export type Wiring = {
  readonly from: Readonly<Record<string, readonly string[]>>;
  readonly join: Readonly<Record<string, "concat" | "sum" | "product">>;
  readonly shares: Readonly<Record<string, string>>;
};

function graphOf(children: Record<string, AnyLayer>, { from, join, shares }: Wiring): AnyLayer {
  const nodes = Object.keys(from).map((name) => {
    const how = join[name];
    const layer = children[shares[name] ?? name]!;
    return [name, { layer, from: from[name]!, ...(how ? { join: how } : {}) }];
  });
  return graph(Object.fromEntries(nodes)) as AnyLayer;
}

/** How the layer of each name is made. */
const MAKERS: Readonly<Record<string, Maker>> = {
  adaptiveMeanPool: (_, ...args: [number, number]) => adaptiveMeanPool(...args),
  auxiliary: ({ head }) => auxiliary(head!),
  batchNorm: (_, options) => batchNorm(options),
  conv: (_, options) => conv(options),
  dense: (_, options) => dense(options),
  dropout: (_, rate) => dropout(rate),
  flatten: () => flatten(),
  globalMeanPool: () => globalMeanPool(),
  identity: () => identity(),
  leakyRelu: (_, slope) => leakyRelu(slope),
  localResponseNorm: (_, options) => localResponseNorm(options),
  maxPool: (_, options) => maxPool(options),
  meanPool: (_, options) => meanPool(options),
  normPool: (_, options) => normPool(options),
  padTo: (_, ...args: [number, number]) => padTo(...args),
  parallel: (children, join) =>
    parallel(children, join?.along === undefined ? join : layers.concatAlong(join.along)),
  radialBasis: (_, codes) => radialBasis(codes),
  relu: () => relu(),
  residual: ({ body, shortcut }) => shortcut ? residual(body!, shortcut) : residual(body!),
  scaledTanh: () => scaledTanh(),
  sequential: (children) => sequential(children),
  sigmoid: () => sigmoid(),
  softmax: () => softmax(),
  subsample: (_, options) => subsample(options),
  tableConv: (_, options) => tableConv(options),
  tanh: () => tanh(),
  zeroPadShortcut: (_, options) => zeroPadShortcut(options),
  convTranspose: (_, options) => layers.convTranspose(options),
  elu: (_, alpha) => layers.elu(alpha),
  gaussianNoise: (_, deviation) => layers.gaussianNoise(deviation),
  gelu: (_, options) => layers.gelu(options),
  graph: (children, wiring) => graphOf(children, wiring),
  groupNorm: (_, options) => layers.groupNorm(options),
  hardSigmoid: () => layers.hardSigmoid(),
  hardSwish: () => layers.hardSwish(),
  instanceNorm: (_, options) => layers.instanceNorm(options),
  layerNorm: (_, options) => layers.layerNorm(options),
  logSoftmax: () => layers.logSoftmax(),
  padBy: (_, options) => layers.padBy(options),
  pixelShuffle: (_, factor) => layers.pixelShuffle(factor),
  pixelUnshuffle: (_, factor) => layers.pixelUnshuffle(factor),
  prelu: (_, options) => layers.prelu(options),
  reduce: (_, options) => layers.reduce(options),
  relu6: () => layers.relu6(),
  reshape: (_, shape) => layers.reshape(shape),
  selu: () => layers.selu(),
  silu: () => layers.silu(),
  slice: (_, options) => layers.slice(options),
  softplus: () => layers.softplus(),
  spatialDropout: (_, rate) => layers.spatialDropout(rate),
  square: () => layers.activation((x) => tf.square(x), "square"),
  squeezeExcite: (_, options) => layers.squeezeExcite(options),
  stochasticDepth: (_, rate, options) => layers.stochasticDepth(rate, options),
  transpose: (_, order) => layers.transpose(order),
  upsample: (_, options) => layers.upsample(options),
};

/** The names of all layers. */
export const OPS: readonly string[] = Object.keys(MAKERS);

/** The layer. */
export function layerOf({ op, children = {}, args = [] }: Spec): AnyLayer {
  const made = Object.entries(children).map(([name, child]) => [name, layerOf(child)]);
  return MAKERS[op]!(Object.fromEntries(made), ...args);
}

/** The layer as code. */
export function codeOf({ op, children, args = [] }: Spec): string {
  const named = Object.entries(children ?? {})
    .map(([name, child]) => [name, codeOf(child)] as const);
  const own = args.map((arg) => JSON.stringify(arg).replaceAll(/"(\w+)":/g, "$1: "));
  if (op === "residual" || op === "auxiliary") return `${op}(${named.map(([, code]) => code)})`;
  const first = children
    ? [`{ ${named.map(([name, code]) => `${name}: ${code}`).join(", ")} }`]
    : [];
  return `${op}(${[...first, ...own].join(", ")})`;
}

/** The layers that are not made of others. */
export function leavesOf(spec: Spec): Spec[] {
  return spec.children ? Object.values(spec.children).flatMap(leavesOf) : [spec];
}

/** The names of all layers in a network, as often as they are in it. */
export function opsOf(spec: Spec): string[] {
  return [spec.op, ...Object.values(spec.children ?? {}).flatMap(opsOf)];
}

/** The library's layers that are not drawn, by what its files call them. */
export function missingOps(): string[] {
  const folder = new URL("../../../lib/layers/", import.meta.url);
  const texts = [...Deno.readDirSync(folder)]
    .map(({ name }) => Deno.readTextFileSync(new URL(name, folder)));
  const found = texts.join()
    .matchAll(/^ +op: "(\w+)"|(?:shapeless|poolLayer|curve|randomLayer)\(\s*"(\w+)"/gm);
  const names = new Set([...found].map(([, one, other]) => one ?? other!));
  const curves = ["geluTanh"]; // A form of gelu.
  return [...names].filter((name) => !OPS.includes(name) && !curves.includes(name)).sort();
}
