// neocog as a peer, eager or under its jit.
import * as nc from "../../../mod.ts";
import type { Beginning, Parameter, Work } from "../beginning.ts";
import { cifarSize, type Network } from "../networks.ts";
import type { Peer, PeerRun } from "./peer.ts";

/** A training step or inference of neocog, started but not waited for. */
export type Issue = () => { readonly result: nc.Tensor; dispose(): void };

/** A prepared network of which single calls can be counted and timed. */
export type NeocogRun = PeerRun & { readonly issue: Issue };

/** A tree of the form of `tree` with the numbers of `parameters`, in their order. */
function filled<T extends nc.Tree>(tree: T, parameters: readonly Parameter[]): T {
  const places = nc.entries(tree);
  const shapes = parameters.map(({ shape }) => `[${shape}]`).join(" ");
  const own = places.map(([, { shape }]) => `[${shape}]`).join(" ");
  if (own !== shapes) {
    throw new Error(`Cannot bench neocog: its network must be the bench's, ${shapes}, got ${own}`);
  }
  let next = 0;
  const result = nc.mapTree(() => {
    const { shape, values } = parameters[next++]!;
    return nc.tf.tensor(values, [...shape]);
  }, tree);
  nc.disposeTree(tree);
  return result;
}

/** The model of a network; without dropout if the network has none. */
export function modelOf(network: Network): nc.Layer {
  const size = cifarSize(network.model);
  const model: nc.Layer = size ? nc.cifarResnet(size) : nc.findModel(network.model).build();
  if (network.layers.some(({ op }) => op === "dropout")) return model;
  const intercept: nc.Intercept = (site, x, next) => site.op === "dropout" ? x : next(x);
  return {
    ...model,
    apply: (params, state, x, context) => model.apply(params, state, x, { ...context, intercept }),
  };
}

function weights(
  model: nc.Layer,
  network: Network,
  { parameters, state }: Beginning,
): { params: nc.Tree; state: nc.Tree } {
  const initial = nc.init(model, nc.key(0), network.inputShape);
  return { params: filled(initial.params, parameters), state: filled(initial.state, state) };
}

function imagesOf({ batch, batchSize, network }: Work): nc.Tensor {
  return nc.tf.tensor(batch.images, [batchSize, ...network.inputShape]);
}

/** The optimizer of a network. */
function optimizerOf({ optimizer, learningRate }: Network): nc.Optimizer {
  return optimizer === "adam" ? nc.adam({ learningRate }) : nc.sgd({ learningRate, momentum: 0.9 });
}

function issueTraining(work: Work, jitted: boolean): Issue {
  const model = modelOf(work.network);
  const optimizer = optimizerOf(work.network);
  const plain = nc.trainStep(model, nc.softmaxCrossEntropy, optimizer);
  const step = jitted ? nc.jit(plain, { donate: [0] }) : plain;
  const { params, state } = weights(model, work.network, work.beginning);
  const labels = nc.tf.tensor2d(work.batch.labels, [work.batchSize, 10]);
  const batch = { images: imagesOf(work), labels };
  let trained: nc.TrainState<nc.Tree, nc.Tree> = {
    params,
    state,
    optimizer: optimizer.init(params),
  };
  let count = 0;
  return () => {
    const { loss, correct, ...next } = step(trained, batch, nc.fold(nc.key(1), count++));
    // The jit has taken the trees it was given.
    if (!jitted) nc.disposeTree(trained as nc.Tree, next as nc.Tree);
    trained = next;
    return { result: loss, dispose: () => nc.tf.dispose([loss, correct]) };
  };
}

function issueInference(work: Work, jitted: boolean): Issue {
  const model = modelOf(work.network);
  const plain = (params: nc.Tree, state: nc.Tree, x: nc.Tensor): nc.Tensor =>
    nc.tf.tidy(() => model.apply(params, state, x, {})[0]);
  const infer = jitted ? nc.jit(plain) : plain;
  const { params, state } = weights(model, work.network, work.beginning);
  const images = imagesOf(work);
  return () => {
    const result = infer(params, state, images);
    return { result, dispose: () => result.dispose() };
  };
}

/**
 * Makes a network ready in neocog, which must be started.
 *
 * @param jitted whether by way of neocog's jit
 */
export function prepareNeocog(work: Work, jitted: boolean): NeocogRun {
  const issue = work.training ? issueTraining(work, jitted) : issueInference(work, jitted);
  return {
    issue,
    handOver: () => issue().dispose(),
    async run(times) {
      for (let i = 1; i < times; i++) issue().dispose();
      const last = issue();
      await nc.device.compileBeside(); // Of the first call.
      const values = await last.result.data();
      last.dispose();
      return [...values.subarray(0, 10)];
    },
  };
}

/**
 * neocog as a peer.
 *
 * @param jitted whether by way of its jit
 */
export function neocogPeer(jitted: boolean): Peer {
  return {
    version: "neocog",
    async open() {
      await nc.start();
    },
    prepare: (work) => prepareNeocog(work, jitted),
  };
}
