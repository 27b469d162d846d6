// Compares a network with torchvision's, on the weights and the image that golden.py made golden.json of.
import { assert, assertEquals, assertLess } from "@std/assert";
import {
  disposeTree,
  findModel,
  type HostTensor,
  type Intercept,
  type Network,
  predict,
  start,
  type Tensor,
  tf,
} from "../../mod.ts";
import { fromTorch, type TensorSource, torchLayouts } from "../../lib/weights/mod.ts";
import { torchKeys, type TorchvisionModel } from "../golden/torch_keys.ts";
import golden from "./golden.json" with { type: "json" };
import { hashed, hashedTensor } from "./hashed.ts";

/** A tensor in a few numbers, as golden.py has them. */
type Digest = {
  readonly shape: readonly number[];
  readonly mean: number;
  readonly rms: number;
  readonly elements: readonly number[];
};

/** float32 over up to a hundred layers. */
const TOLERANCE = 1e-4;

/** The networks that golden.json has the outputs of, by our names. */
export const GOLDEN_MODELS: readonly string[] = golden.cases.map(({ model }) => model);

/** torchvision's tensors, made when they are asked for. */
function hashedSource(network: TorchvisionModel): TensorSource {
  const tensors = new Map([...torchKeys(network)].map(([key, shape]) => [key, { shape }]));
  return {
    file: `torchvision's ${network}`,
    tensors,
    read(key): HostTensor {
      const { shape } = tensors.get(key)!;
      return { dtype: "float32", shape, values: hashedTensor(key, shape) };
    },
  };
}

function assertDigest(found: Tensor, values: Float32Array, expected: Digest, what: string): void {
  assertEquals(found.shape.slice(1), expected.shape, what);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  const elements = expected.elements.map((_, i) => values[Math.floor(values.length * i / 7)]!);
  const pairs = [
    [mean, expected.mean],
    [Math.sqrt(square), expected.rms],
    ...elements.map((value, i) => [value, expected.elements[i]!] as const),
  ] as const;
  // Relative to the map's own size: a small number is the difference of large ones.
  for (const [value, wanted] of pairs) {
    assertLess(Math.abs(value - wanted) / expected.rms, TOLERANCE, `${what}: ${value}, ${wanted}`);
  }
}

/** Refuses a network that, once it has predicted some images, predicts another one otherwise. */
async function assertReplays(network: Network, image: Tensor, plain: Tensor): Promise<void> {
  for (let call = 0; call < 4; call++) {
    const other = tf.mul(image, 1 / (call + 2));
    const y: Tensor = predict(network, other, { probabilities: false });
    tf.dispose([other, y]);
  }
  const replayed: Tensor = predict(network, image, { probabilities: false });
  assertEquals(await replayed.data(), await plain.data());
  replayed.dispose();
}

/**
 * Refuses a network with other outputs than torchvision's.
 *
 * @param name our name for it
 */
export async function assertAsTorchvision(name: string): Promise<void> {
  const { torchvision, inputShape, logits, taps } = golden.cases.find(({ model }) =>
    model === name
  )!;
  await start();
  const model = findModel(name).build();
  const layout = torchLayouts[name]![0]!;
  const source = hashedSource(torchvision as TorchvisionModel);
  const { params, state } = await fromTorch(model, inputShape, source, layout);
  const size = inputShape.reduce((product, each) => product * each, 1);
  const image = tf.tensor(hashed("image", size), [1, ...inputShape]);
  const found = new Map<string, Tensor>();
  const intercept: Intercept = ({ path }, x, next) => {
    const y = next(x);
    if (path in taps) found.set(path, tf.keep(y));
    return y;
  };
  const y = tf.tidy(() => model.apply(params, state, image, { intercept })[0]);
  // Without anybody who looks on, neighboring layers are one pass.
  const plain = tf.tidy(() => model.apply(params, state, image, {})[0]);
  for (const [path, expected] of Object.entries(taps)) {
    const tap = found.get(path);
    assert(tap, `${name} has no layer ${path}`);
    assertDigest(tap, await tap.data() as Float32Array, expected as Digest, `${name}, ${path}`);
  }
  for (const outputs of [y, plain]) {
    const values = await outputs.data() as Float32Array;
    assertDigest(outputs, values, logits, `${name}, logits`);
    assertEquals(values.indexOf(Math.max(...values)), logits.largest);
  }
  await assertReplays({ model, params, state }, image, plain);
  tf.dispose([image, y, plain, ...found.values()]);
  disposeTree(params, state);
}
