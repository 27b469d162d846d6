// The networks in jax-js: `[N, C, H, W]`, reference counted, as pure functions for its `jit`.
import { lax, nn, numpy as np, random } from "./jax_js.ts";
import type { Network, NetworkLayer } from "../networks.ts";

/** Parameters in the order of the layers; each call of the network consumes them. */
export type JaxParams = np.Array[];

/** What a layer depends on besides its input. */
type Context = {
  /** The parameters that are still to be used. */
  readonly params: JaxParams;
  /** The running means and variances still to be used, and those that follow. */
  readonly state: JaxParams;
  readonly nextState: JaxParams;
  readonly training: boolean;
  /** One key for each dropout layer; those that are not used are freed by the caller. */
  readonly keys: JaxParams;
};

const EPSILON = 1e-5;
const MOMENTUM = 0.1;

function conv(layer: NetworkLayer & { op: "conv" }, x: np.Array, { params }: Context): np.Array {
  const { stride, padding } = layer;
  const pads: [number, number][] = [[padding, padding], [padding, padding]];
  const y = lax.convGeneralDilated(x, params.shift()!, [stride, stride], pads);
  return layer.bias ? y.add(params.shift()!.reshape([1, layer.features, 1, 1])) : y;
}

function batchNorm(x: np.Array, context: Context): np.Array {
  const [scale, shift] = [context.params.shift()!, context.params.shift()!];
  const [runningMean, runningVariance] = [context.state.shift()!, context.state.shift()!];
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const wide = (each: np.Array): np.Array => each.reshape([1, c, 1, 1]);
  const normalize = (mean: np.Array, variance: np.Array): np.Array => {
    const gain = scale.div(np.sqrt(variance.add(EPSILON)));
    return x.sub(wide(mean)).mul(wide(gain)).add(wide(shift));
  };
  if (!context.training) {
    context.nextState.push(runningMean.ref, runningVariance.ref);
    return normalize(runningMean, runningVariance);
  }
  const mean = np.mean(x.ref, [0, 2, 3]);
  const variance = np.mean(np.square(x.ref.sub(wide(mean.ref))), [0, 2, 3]);
  const count = n * h * w;
  const unbiased = variance.ref.mul(MOMENTUM * count / Math.max(1, count - 1));
  context.nextState.push(
    runningMean.mul(1 - MOMENTUM).add(mean.ref.mul(MOMENTUM)),
    runningVariance.mul(1 - MOMENTUM).add(unbiased),
  );
  return normalize(mean, variance);
}

/** Every second pixel, and channels of zeros on both sides. */
function shortcut(x: np.Array, channels: number, stride: number): np.Array {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  if (stride === 1 && c === channels) return x;
  const pixels = x.reshape([n, c, h / stride, stride, w / stride, stride]).slice(
    [],
    [],
    [],
    0,
    [],
    0,
  );
  const before = (channels - c) >> 1;
  return np.pad(pixels, [[0, 0], [before, channels - c - before], [0, 0], [0, 0]]);
}

function dropout(x: np.Array, rate: number, key: np.Array): np.Array {
  const kept = random.bernoulli(key, 1 - rate, x.shape).astype(np.float32);
  return x.mul(kept.mul(1 / (1 - rate)));
}

function apply(layer: NetworkLayer, x: np.Array, context: Context): np.Array {
  const { params } = context;
  const n = x.shape[0]!;
  switch (layer.op) {
    case "pad":
      return np.pad(x, [[0, 0], [0, 0], [layer.pixels, layer.pixels], [
        layer.pixels,
        layer.pixels,
      ]]);
    case "conv":
      return conv(layer, x, context);
    case "batchNorm":
      return batchNorm(x, context);
    case "tanh":
      return np.tanh(x);
    case "relu":
      return nn.relu(x);
    case "maxPool":
      return lax.reduceWindow(x, np.max as (x: np.Array) => np.Array, [2, 2], [2, 2]);
    case "globalMeanPool":
      return np.mean(x, [2, 3]);
    case "flatten":
      return x.reshape([n, -1]);
    case "dense":
      return np.dot(x, params.shift()!).add(params.shift()!);
    case "dropout":
      return context.training ? dropout(x, layer.rate, context.keys.shift()!) : x;
    case "residual": {
      const y = layer.body.reduce((now, each) => apply(each, now, context), x.ref);
      return y.ref.add(shortcut(x, y.shape[1]!, layer.stride));
    }
  }
}

/** A network's output: logits `[N, 10]`, and the next running statistics. */
export type JaxOutput = { readonly logits: np.Array; readonly state: JaxParams };

/**
 * Runs a network. Consumes all its arguments.
 *
 * @param params its parameters, in the order of its layers
 * @param x images `[N, C, H, W]`
 */
export function applyNetwork(
  { layers }: Network,
  params: JaxParams,
  state: JaxParams,
  x: np.Array,
  keys?: JaxParams,
): JaxOutput {
  const context: Context = {
    params: [...params],
    state: [...state],
    nextState: [],
    training: keys !== undefined,
    keys: [...keys ?? []],
  };
  const logits = layers.reduce((now, layer) => apply(layer, now, context), x);
  return { logits, state: context.nextState };
}
