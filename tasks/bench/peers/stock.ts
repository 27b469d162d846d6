// Stock tfjs-layers as a peer: on tfjs's own WebGPU kernels, or on its plain JavaScript backend.
import { WebGPUBackend } from "../../../lib/device/webgpu_backend.ts";
// deno-lint-ignore no-import-prefix -- a peer, which only the bench knows
import * as tf from "npm:@tensorflow/tfjs@4.22.0";
import type { Beginning, Parameter, Work } from "../beginning.ts";
import type { Network, NetworkLayer } from "../networks.ts";
import type { Peer, PeerRun } from "./peer.ts";

/** tfjs's own backend; its own initialization asks for a feature in a form that Deno refuses. */
async function startWebGpu(): Promise<void> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error("Cannot start tfjs: there must be a WebGPU adapter, got none");
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxBufferSize: limits.maxBufferSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    },
  });
  device.addEventListener("uncapturederror", (event) => {
    // tfjs would return zeros.
    console.error((event as GPUUncapturedErrorEvent).error.message);
    Deno.exit(1);
  });
  tf.removeBackend("webgpu");
  tf.registerBackend("webgpu", () => new WebGPUBackend(device, adapter.info));
  await tf.setBackend("webgpu");
}

/** Every second pixel, and channels of zeros on both sides, which tfjs has no layer for. */
class Shortcut extends tf.layers.Layer {
  static className = "Shortcut";
  readonly #channels: number;
  readonly #stride: number;

  constructor(channels: number, stride: number) {
    super({});
    this.#channels = channels;
    this.#stride = stride;
  }

  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
    const [n, h, w] = shape as [number, number, number];
    return [n, h / this.#stride, w / this.#stride, this.#channels];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D;
    const missing = this.#channels - x.shape[3];
    const before = missing >> 1;
    return tf.pad(tf.avgPool(x, 1, this.#stride, "valid"), [[0, 0], [0, 0], [0, 0], [
      before,
      missing - before,
    ]]);
  }
}

/** The layers that hold weights, in the order of the network's. */
type Holders = tf.layers.Layer[];

function keep<L extends tf.layers.Layer>(layer: L, holders: Holders): L {
  holders.push(layer);
  return layer;
}

function conv(
  { features, size, stride, padding, bias }: NetworkLayer & { op: "conv" },
  x: tf.SymbolicTensor,
  holders: Holders,
): tf.SymbolicTensor {
  const same = stride === 1 && padding === (size - 1) / 2 && padding > 0;
  const padded = same || padding === 0
    ? x
    : tf.layers.zeroPadding2d({ padding }).apply(x) as tf.SymbolicTensor;
  const layer = tf.layers.conv2d({
    filters: features,
    kernelSize: size,
    strides: stride,
    padding: same ? "same" : "valid",
    useBias: bias,
  });
  return keep(layer, holders).apply(padded) as tf.SymbolicTensor;
}

/** The layer of tfjs that does as one of the network's does. */
function layerOf(
  layer: Exclude<NetworkLayer, { op: "conv" | "residual" }>,
  holders: Holders,
): tf.layers.Layer {
  switch (layer.op) {
    case "pad":
      return tf.layers.zeroPadding2d({ padding: layer.pixels });
    case "batchNorm":
      return keep(tf.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }), holders);
    case "tanh":
    case "relu":
      return tf.layers.activation({ activation: layer.op });
    case "maxPool":
      return tf.layers.maxPooling2d({ poolSize: 2 });
    case "globalMeanPool":
      return tf.layers.globalAveragePooling2d({});
    case "flatten":
      return tf.layers.flatten();
    case "dense":
      return keep(tf.layers.dense({ units: layer.features }), holders);
    case "dropout":
      return tf.layers.dropout({ rate: layer.rate });
  }
}

function append(
  layer: NetworkLayer,
  x: tf.SymbolicTensor,
  holders: Holders,
): tf.SymbolicTensor {
  if (layer.op === "conv") return conv(layer, x, holders);
  if (layer.op !== "residual") return layerOf(layer, holders).apply(x) as tf.SymbolicTensor;
  const y = layer.body.reduce((now, each) => append(each, now, holders), x);
  const channels = y.shape.at(-1)!;
  const same = layer.stride === 1 && x.shape.at(-1) === channels;
  const shortcut = same ? x : new Shortcut(channels, layer.stride).apply(x) as tf.SymbolicTensor;
  return tf.layers.add().apply([y, shortcut]) as tf.SymbolicTensor;
}

function setWeights(holders: Holders, { parameters, state }: Beginning): void {
  const [trained, kept] = [[...parameters], [...state]];
  const tensor = ({ values, shape }: Parameter): tf.Tensor => tf.tensor(values, [...shape]);
  for (const layer of holders) {
    const weights = layer.weights.map(({ trainable }) =>
      tensor((trainable ? trained : kept).shift()!)
    );
    layer.setWeights(weights);
    tf.dispose(weights);
  }
}

function build({ network, beginning }: Work): tf.LayersModel {
  const holders: Holders = [];
  const inputs = tf.input({ shape: [...network.inputShape] });
  const outputs = network.layers.reduce((now, each) => append(each, now, holders), inputs);
  const model = tf.model({ inputs, outputs });
  setWeights(holders, beginning);
  return model;
}

function optimizerOf({ optimizer, learningRate }: Network): tf.Optimizer {
  return optimizer === "adam"
    ? tf.train.adam(learningRate, 0.9, 0.999, 1e-8)
    : tf.train.momentum(learningRate, 0.9);
}

function prepareModel(work: Work): PeerRun {
  const { network, batch, batchSize } = work;
  const model = build(work);
  const images = tf.tensor(batch.images, [batchSize, ...network.inputShape]);
  if (!work.training) {
    return {
      async run(times) {
        for (let i = 1; i < times; i++) tf.dispose(model.predict(images, { batchSize }));
        const logits = model.predict(images, { batchSize }) as tf.Tensor;
        const values = await logits.data();
        logits.dispose();
        return [...values.subarray(0, 10)];
      },
    };
  }
  const loss = (labels: tf.Tensor, logits: tf.Tensor): tf.Tensor =>
    tf.losses.softmaxCrossEntropy(labels, logits);
  model.compile({ optimizer: optimizerOf(network), loss });
  const labels = tf.tensor2d(batch.labels, [batchSize, 10]);
  return {
    async run(times) {
      let last: number | number[] = [];
      // It waits for the loss of every step.
      for (let i = 0; i < times; i++) last = await model.trainOnBatch(images, labels);
      return [last].flat();
    },
  };
}

/**
 * Stock tfjs-layers.
 *
 * @param backend `"webgpu"`, tfjs's own kernels on the same adapter, or `"cpu"`, plain JavaScript
 */
export function stockPeer(backend: "webgpu" | "cpu"): Peer {
  return {
    version: `@tensorflow/tfjs ${tf.version.tfjs}`,
    async open() {
      tf.env().set("IS_NODE", false); // Else a banner advises tfjs's backend for Node.js.
      if (backend === "webgpu") await startWebGpu();
      else await tf.setBackend("cpu");
    },
    prepare: prepareModel,
  };
}
