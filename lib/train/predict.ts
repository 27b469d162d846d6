// A network's output for a batch of inputs.
import { jitFor } from "../device/jit/jit.ts";
import type { AnyModel, Network } from "../layers/layer.ts";
import { requireLogits } from "../layers/logits.ts";
import type { Tensor, Tensor2D } from "../tensor/tensor.ts";
import { isTensor, shapesOf, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { requireClassScores, requireNetwork, requireOptions } from "../text/require.ts";
import { describeValue } from "../text/value.ts";

/** Options of {@linkcode predict}. */
export type PredictOptions = {
  /**
   * Whether the output becomes probabilities by softmax, which must be logits `[N, classes]`, or is
   * returned as it is, of any network. Default: `true`.
   */
  readonly probabilities?: boolean;
  /**
   * `false` calls the model anew each time, instead of replaying what it did with inputs of this
   * shape, see {@linkcode jit}. Default: `true`.
   */
  readonly jit?: boolean;
};

const OPTIONS: Readonly<Record<keyof PredictOptions, true>> = { probabilities: true, jit: true };

/**
 * A network's output for a batch: of a classifier probabilities, of any other, with
 * `probabilities: false`, what it outputs.
 *
 * @param network the network; a classifier is `[N, …] → logits [N, classes]`
 * @param x a batch of inputs; of several inputs a record of them
 * @param options whether the output becomes probabilities, and whether the model is recorded
 * @returns probabilities `[N, classes]`, or the output; the caller owns its tensors
 * @throws {TypeError} if the output should become probabilities and is not `[N, classes]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { identity, init, key, predict, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(identity(), key(0), [2]);
 * assertEquals(await predict(network, tf.tensor2d([[1, 1]])).array(), [[0.5, 0.5]]);
 * const raw = predict(network, tf.tensor2d([[1, 1]]), { probabilities: false });
 * assertEquals(await raw.array(), [[1, 1]]);
 * ```
 */
export function predict<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  x: Tensor,
  options?: PredictOptions & { readonly probabilities?: true },
): Tensor2D;
/** The output of any network as it is. */
export function predict<P extends Tree, S extends Tree, X extends Tree, Y extends Tree>(
  network: Network<P, S, X, Y>,
  x: X,
  options: PredictOptions & { readonly probabilities: false },
): Y;
export function predict(
  network: { readonly model: AnyModel; readonly params: Tree; readonly state: Tree },
  x: Tree,
  options: PredictOptions = {},
): Tree {
  requireOptions("predict", options, OPTIONS);
  requireNetwork("predict", network);
  requireTensors(x);
  const { model, params, state } = network;
  const { probabilities = true } = options;
  // Which of both is part of the form that is recorded.
  const make = (): Predictor => ({ params, state }, input, { probabilities }) =>
    // deno-lint-ignore no-explicit-any -- tidy's types know records of tensors, not trees
    tf.tidy((): any => {
      const [output] = model.apply(params, state, input, {});
      if (!probabilities) return output;
      requireLogits("predict probabilities", model, shapesOf(input));
      return softmaxOf(output);
    });
  const predictor = options.jit === false ? make() : jitFor(model, make);
  return predictor({ params, state }, x, { probabilities });
}

type Predictor = (
  variables: { readonly params: Tree; readonly state: Tree },
  x: Tree,
  how: { readonly probabilities: boolean },
) => Tree;

/** Refuses inputs that are not tensors. */
function requireTensors(x: unknown): void {
  const isRecord = typeof x === "object" && x !== null && !Array.isArray(x) &&
    !ArrayBuffer.isView(x) && !(x instanceof Promise);
  const wrong = isTensor(x) || !isRecord ? x : Object.values(x).find((one) => !isTensor(one));
  if (isTensor(wrong) || isRecord && wrong === undefined) return;
  throw new TypeError(
    `Cannot predict: the inputs must be a tensor [N, …], or a record of one per input, got ${
      describeValue(wrong)
    }. Numbers become one by tf.tensor(numbers, shape); a picture is for classify`,
  );
}

function softmaxOf(output: Tree): Tensor {
  if (output === null || !isTensor(output)) {
    throw new TypeError(
      "Cannot predict probabilities: the network must output logits [N, classes], got several outputs. For its output as it is give probabilities: false",
    );
  }
  if (output.rank !== 2) {
    throw new TypeError(
      `Cannot predict probabilities: the network must output logits [N, classes], got [${output.shape}]. For its output as it is give probabilities: false`,
    );
  }
  requireClassScores("predict", output.shape);
  return tf.softmax(output);
}
