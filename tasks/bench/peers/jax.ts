// jax-js as a peer, on its device `webgpu` or `wasm`: a whole step is one function under its `jit`.
import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  nn,
  numpy as np,
  random,
  tree,
  valueAndGrad,
} from "./jax_js.ts";
import type { Parameter, Work } from "../beginning.ts";
import type { Network } from "../networks.ts";
import { applyNetwork, type JaxParams } from "./jax_network.ts";
import type { Peer, PeerRun } from "./peer.ts";

/** What the optimizer keeps: Adam's means and squares, or velocities. */
type JaxOptimizer = { count: np.Array; mean: JaxParams; square: JaxParams };
type TrainState = { params: JaxParams; state: JaxParams; optimizer: JaxOptimizer };

/** `values` in order `axes` of `shape`. */
function permuted(
  values: Float32Array<ArrayBuffer>,
  shape: readonly number[],
  axes: readonly number[],
): np.Array {
  return np.transpose(np.array(values).reshape([...shape]), [...axes]);
}

/** A parameter as jax-js wants it: filters `[features, C, h, w]`, rows in order C, H, W. */
function toJax({ shape, values, image }: Parameter): np.Array {
  if (shape.length === 4) return permuted(values, shape, [3, 2, 0, 1]);
  if (!image) return np.array(values).reshape([...shape]);
  return permuted(values, [...image, shape[1]!], [2, 0, 1, 3]).reshape([...shape]);
}

/** Adam as neocog has it. Consumes all its arguments. */
function adam(
  rate: number,
  params: JaxParams,
  grads: JaxParams,
  previous: JaxOptimizer,
): [JaxParams, JaxOptimizer] {
  const [beta1, beta2, epsilon] = [0.9, 0.999, 1e-8];
  const count = previous.count.add(1);
  const correction = (beta: number): np.Array =>
    np.subtract(1, np.exp(count.ref.mul(Math.log(beta))));
  const correction1 = correction(beta1);
  const correction2 = correction(beta2);
  const mean = previous.mean.map((m, i) => m.mul(beta1).add(grads[i]!.ref.mul(1 - beta1)));
  const square = previous.square.map((v, i) =>
    v.mul(beta2).add(np.square(grads[i]!).mul(1 - beta2))
  );
  const next = params.map((param, i) => {
    const root = np.sqrt(square[i]!.ref.div(correction2.ref)).add(epsilon);
    return param.sub(mean[i]!.ref.div(correction1.ref).mul(rate).div(root));
  });
  tree.dispose([correction1, correction2]);
  return [next, { count, mean, square }];
}

/** Momentum as in PyTorch. Consumes all its arguments. */
function momentum(
  rate: number,
  params: JaxParams,
  grads: JaxParams,
  previous: JaxOptimizer,
): [JaxParams, JaxOptimizer] {
  const mean = previous.mean.map((velocity, i) => velocity.mul(0.9).add(grads[i]!));
  const next = params.map((param, i) => param.sub(mean[i]!.ref.mul(rate)));
  return [next, { ...previous, mean }];
}

/** The loss, and the running statistics that follow. Consumes all its arguments. */
function lossOf(
  network: Network,
): (
  params: JaxParams,
  state: JaxParams,
  x: np.Array,
  labels: np.Array,
  key: np.Array,
) => [np.Array, JaxParams] {
  const drops = network.layers.filter(({ op }) => op === "dropout").length;
  return (params, state, x, labels, key) => {
    const keys = drops === 0
      ? []
      : [...Array(drops).keys()].map((i) => random.split(key.ref, drops).slice(i));
    key.dispose();
    const count = x.shape[0]!;
    const output = applyNetwork(network, params, state, x, keys);
    const loss = nn.logSoftmax(output.logits).mul(labels).sum().mul(-1 / count);
    return [loss, output.state];
  };
}

function beginTraining(work: Work): TrainState {
  const params = work.beginning.parameters.map(toJax);
  const zeros = (): JaxParams => params.map((param) => np.zeros(param.shape));
  return {
    params,
    state: work.beginning.state.map(toJax),
    optimizer: {
      count: np.array(0, { dtype: np.float32 }),
      mean: zeros(),
      square: work.network.optimizer === "adam" ? zeros() : [],
    },
  };
}

function imagesOf({ batch, network, batchSize }: Work): np.Array {
  return permuted(batch.images, [batchSize, ...network.inputShape], [0, 3, 1, 2]);
}

function prepareTraining(work: Work): PeerRun {
  const { network, batch, batchSize } = work;
  const update = network.optimizer === "adam" ? adam : momentum;
  const objective = valueAndGrad(lossOf(network), { hasAux: true });
  const step = jit((trained: TrainState, x: np.Array, labels: np.Array, key: np.Array) => {
    const { params, state, optimizer } = trained;
    const [[loss, nextState], grads] = objective(tree.ref(params), state, x, labels, key);
    const rate = network.learningRate;
    const [next, nextOptimizer] = update(rate, params, grads as JaxParams, optimizer);
    return { trained: { params: next, state: nextState, optimizer: nextOptimizer }, loss };
  });
  const images = imagesOf(work);
  const labels = np.array(batch.labels).reshape([batchSize, 10]);
  let trained = beginTraining(work);
  let count = 0;
  const issue = (): np.Array => {
    const result = step(trained, images.ref, labels.ref, random.key(count++));
    trained = result.trained as TrainState;
    return result.loss as np.Array;
  };
  return {
    async run(times) {
      // Each step needs the result of the one before, so that none is skipped.
      for (let i = 1; i < times; i++) issue().dispose();
      const loss = issue();
      await blockUntilReady(trained);
      return [...await loss.data() as Float32Array];
    },
  };
}

function prepareInference(work: Work): PeerRun {
  const { network, beginning } = work;
  const params = beginning.parameters.map(toJax);
  const state = beginning.state.map(toJax);
  const images = imagesOf(work);
  const infer = jit((params: JaxParams, state: JaxParams, x: np.Array) => {
    const output = applyNetwork(network, params, state, x);
    tree.dispose(output.state);
    return output.logits;
  });
  const issue = (): np.Array => infer(tree.ref(params), tree.ref(state), images.ref) as np.Array;
  return {
    async run(times) {
      // All are waited for: what nobody reads is never handed to the device.
      const all = Array.from({ length: times }, issue);
      await blockUntilReady(all);
      const values = await all.pop()!.data() as Float32Array;
      tree.dispose(all);
      return [...values.subarray(0, 10)];
    },
  };
}

/**
 * jax-js on one of its devices.
 *
 * @param device `"webgpu"`, or `"wasm"`, which computes in several threads
 */
export function jaxPeer(device: "webgpu" | "wasm"): Peer {
  return {
    version: "@jax-js/jax 0.1.25",
    async open() {
      const devices = await init(device);
      if (!devices.includes(device)) {
        throw new Error(
          `Cannot start jax-js: its devices here must include ${device}, got ${devices.join(", ")}`,
        );
      }
      defaultDevice(device);
    },
    prepare: (work) => work.training ? prepareTraining(work) : prepareInference(work),
  };
}
