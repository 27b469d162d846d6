// The numbers that a drawn network begins with, and the training step that is compared.
import {
  type AnyLayer,
  fold,
  type Key,
  key,
  leaves,
  losses,
  meanSquaredError,
  type Optimizer,
  type Scalar,
  softmaxCrossEntropy,
  stepWith,
  type Tensor,
  tf,
  type Tree,
  valueAndGrad,
} from "../../../mod.ts";
import { fillSlots, slotEntries } from "../../../lib/layers/layer.ts";
import { normalArray, uniformArray } from "../../../lib/tensor/mod.ts";
import { sizeOf } from "./bounded.ts";
import type { Case, LossKind } from "./draw_network.ts";
import { layerOf } from "./spec.ts";

/** A tensor on the host. */
export type Host = { readonly shape: readonly number[]; readonly values: Float32Array };

/** All that a case computes with. */
export type Data = {
  readonly params: ReadonlyMap<string, Host>;
  readonly state: ReadonlyMap<string, Host>;
  readonly x: Host;
  readonly target: Host;
  /** Of dropout. */
  readonly key: Key;
};

/** The numbers of a case, the same for the same seed and model. */
export function dataOf({ model, shape, batch, seed, coarse, loss }: Case): Data {
  const root = key(seed);
  const declared = layerOf(model).declare(shape);
  const made = (slots: Parameters<typeof slotEntries>[0], name: string, isState: boolean) =>
    new Map(
      slotEntries(slots).map(([path, slot]): [string, Host] => {
        const own = fold(fold(root, name), path);
        const noise = normalArray(fold(own, "noise"), sizeOf(slot.shape), 0, 0.2);
        const values = slot.initializer(own, slot.shape)
          .map((value, i) => {
            if (path.endsWith("codes")) return value;
            // A variance stays above zero.
            if (isState) return value + Math.abs(noise[i]!);
            return coarse ? Math.round(2 * (value + noise[i]!)) : value + noise[i]!;
          });
        return [path, { shape: slot.shape, values }];
      }),
    );
  const size = batch * sizeOf(shape);
  const normal = normalArray(fold(root, "x"), size);
  const output = [batch, ...declared.shape];
  return {
    params: made(declared.params, "params", false),
    state: made(declared.state, "state", true),
    x: {
      shape: [batch, ...shape],
      values: coarse ? normal.map((value) => Math.round(value)) : normal,
    },
    target: { shape: output, values: targetOf(loss, output, fold(root, "target"), coarse) },
    key: fold(root, "units"),
  };
}

/** Classes as ones among zeros, or as shares; else normal numbers. */
function targetOf(
  loss: LossKind,
  shape: readonly number[],
  key: Key,
  oneHot: boolean,
): Float32Array {
  if (loss === "binary") {
    return uniformArray(key, sizeOf(shape)).map((share) => oneHot ? Math.round(share) : share);
  }
  if (loss !== "cross-entropy") return normalArray(key, sizeOf(shape));
  const width = shape[1]!;
  const draws = uniformArray(key, sizeOf(shape), 0.01, 1);
  return draws.map((draw, i) => {
    const row = draws.subarray(i - i % width, i - i % width + width);
    if (oneHot) return draw === Math.max(...row) ? 1 : 0;
    return draw / row.reduce((sum, each) => sum + each, 0);
  });
}

/** What a step is given besides what the last one left: images, targets and a key of its own. */
export function givenAt(
  { x, target, key }: Data,
  step: number,
): { x: Host; target: Host; key: Key } {
  return { x: turned(x, step), target, key: fold(key, step) };
}

/** The same numbers, each some places on. */
function turned({ shape, values }: Host, places: number): Host {
  const { length } = values;
  return { shape, values: values.map((_, i) => values[(i + places) % length]!) };
}

/** What a step takes and changes. */
export type Standing = { readonly params: Tree; readonly state: Tree; readonly optimizer: Tree };

/** What a step returns. */
export type Stepped = Standing & {
  readonly loss: Scalar;
  readonly y: Tensor;
  readonly grads: { readonly params: Tree; readonly x: Tensor };
};

/** One training step, with gradients by all parameters and by the input. */
export function stepOf(
  model: AnyLayer,
  optimizer: Optimizer,
  { loss, training }: Pick<Case, "loss" | "training">,
): (from: Standing, x: Tensor, target: Tensor, key: Key) => Stepped {
  const objective = valueAndGrad(
    (tree: { params: Tree; x: Tensor }, state: Tree, target: Tensor, key: Key) => {
      const [y, next] = model.apply(tree.params, state, tree.x, { training, key });
      return [lossOf(loss, y, target), { y, state: next as Tree }];
    },
  );
  return ({ params, state, optimizer: held }, x, target, key) => {
    const { value, grads, aux } = objective({ params, x }, state, target, key);
    const [next, nextOptimizer] = stepWith(optimizer, grads.params, held, params);
    return {
      params: next,
      state: aux.state,
      optimizer: nextOptimizer,
      loss: value,
      y: aux.y,
      grads,
    };
  };
}

function lossOf(kind: LossKind, y: Tensor, target: Tensor): Scalar {
  if (kind === "cross-entropy") return softmaxCrossEntropy(y, target);
  if (kind === "weighted") return tf.sum(tf.mul(y, target)) as Scalar;
  if (kind === "squares") return meanSquaredError(y, target);
  if (kind === "absolute") return losses.meanAbsoluteError()(y, target);
  return kind === "huber" ? losses.huber()(y, target) : losses.binaryCrossEntropy()(y, target);
}

/** A tensor of host numbers. */
export function tensorOf({ shape, values }: Host): Tensor {
  return tf.tensor(values, [...shape], "float32");
}

/** A model's parameters and state as tensors. */
export function treesOf(
  model: AnyLayer,
  shape: readonly number[],
  data: Data,
): { params: Tree; state: Tree } {
  const declared = model.declare(shape);
  return {
    params: fillSlots<Tree>(declared.params, (_, path) => tensorOf(data.params.get(path)!)),
    state: fillSlots<Tree>(declared.state, (_, path) => tensorOf(data.state.get(path)!)),
  };
}

/** Frees all tensors of trees but those that are kept. */
export function disposeBut(kept: readonly Tree[], ...trees: readonly Tree[]): void {
  const held = new Set(kept.flatMap(leaves));
  for (const leaf of new Set(trees.flatMap(leaves))) {
    if (!held.has(leaf)) leaf.dispose();
  }
}
