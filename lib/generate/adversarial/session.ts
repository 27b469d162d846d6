// The passes of an attack, recorded once for all its steps and for all calls that share a session.
import type { Argument } from "../../device/jit/jit.ts";
import {
  type ImageNetwork,
  type PixelScaling,
  scalingFor,
  toInputs,
} from "../../explain/input_pixels.ts";
import { jitIf } from "../../explain/jit_if.ts";
import type { Network } from "../../layers/layer.ts";
import { valueAndGrad } from "../../tensor/grad.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireOptions } from "../../text/require.ts";

/** Options of {@linkcode attackSession}. */
export type AttackSessionOptions = {
  /** How pixels become the network's inputs. Default: the network's own, or as they are. */
  readonly preprocessing?: PixelScaling;
  /** Whether passes are recorded and replayed, see `jit`. Default: `true`. */
  readonly jit?: boolean;
};

/** A function of tensors, which takes numbers for scalars. */
export type AttackPass<A extends readonly unknown[], R> = (
  ...values: { [I in keyof A]: Argument<A[I]> }
) => R;

/** What is recorded of a network under attack. */
export type AttackSession = {
  /** The network. */
  readonly network: Network;
  /** How pixels become its inputs. */
  readonly preprocessing: PixelScaling;
  /**
   * A pass, which is made once per name.
   *
   * @param name names the pass, and all that it depends on
   * @param make makes it
   * @param donate the arguments that are used up
   */
  pass<A extends readonly unknown[], R>(
    name: string,
    make: () => (...values: A) => R,
    donate?: readonly number[],
  ): AttackPass<A, R>;
  /** Frees what is recorded; the results of attacks live on. */
  dispose(): void;
};

/**
 * Keeps what attacks on a network record, so that several calls (other batches, other ε) record it
 * once. Without a session each call records, and frees, its own.
 *
 * @param network the network
 * @param options preprocessing, jit
 * @returns the session, to be passed to attacks on the same network, and to be disposed of
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { attackSession, fgsm } from "@neocog/neocog/generate";
 * import { init, key, lenet5, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const session = attackSession(network);
 * for (const epsilon of [0.1, 0.2]) {
 *   const { distances } = await fgsm(network, tf.fill([1, 28, 28, 1], 0.5), [3], { epsilon, session });
 *   assertEquals(distances.map((distance) => Number(distance.toFixed(4))), [epsilon]);
 * }
 * session.dispose();
 * ```
 */
export function attackSession<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  options: AttackSessionOptions = {},
): AttackSession {
  requireOptions("attack", options, { preprocessing: true, jit: true });
  const passes = new Map<string, Disposable>();
  return {
    network: network as unknown as Network,
    preprocessing: scalingFor(network, options.preprocessing),
    pass<A extends readonly unknown[], R>(
      name: string,
      make: () => (...values: A) => R,
      donate: readonly number[] = [],
    ): AttackPass<A, R> {
      const pass = passes.get(name) ?? jitIf(make(), { ...options, donate });
      passes.set(name, pass);
      return pass as unknown as AttackPass<A, R>;
    },
    dispose(): void {
      passes.forEach((pass) => pass[Symbol.dispose]());
      passes.clear();
    },
  };
}

/** The logits `[N, classes]` for pixels `[N, H, W, C]`. */
export function logitsOf({ network, preprocessing }: AttackSession, pixels: Tensor): Tensor {
  const { model, params, state } = network;
  return model.apply(params, state, toInputs(pixels, preprocessing), {})[0];
}

/** The pass that computes logits. */
export function logitsPass(session: AttackSession): AttackPass<[Tensor], Tensor> {
  return session.pass("logits", () => (pixels: Tensor) => tf.tidy(() => logitsOf(session, pixels)));
}

/**
 * The gradient of a function of the logits with respect to the pixels.
 *
 * @param score of logits and goals, both `[N, classes]`, a sum over the batch
 * @returns a function of pixels and goals that returns the gradient and the logits
 */
export function pixelGradient(
  session: AttackSession,
  score: (logits: Tensor, goals: Tensor) => Scalar,
): (pixels: Tensor, goals: Tensor) => { readonly gradient: Tensor; readonly logits: Tensor } {
  const gradientOf = valueAndGrad((at: { pixels: Tensor }, goals: Tensor) => {
    const logits = logitsOf(session, at.pixels);
    return [score(logits, goals), { logits }];
  });
  return (pixels, goals) => {
    const { grads, aux } = gradientOf({ pixels }, goals);
    return { gradient: grads.pixels, logits: aux.logits };
  };
}
