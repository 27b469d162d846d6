// The passes of an attack, recorded once for all its steps, and for all calls that share them.
import { flatten } from "../../device/jit/arguments.ts";
import { callPlainly } from "../../device/jit/call.ts";
import { type Argument, jit } from "../../device/jit/jit.ts";
import { toInputs, UNIT_PIXELS } from "../../explain/input_units.ts";
import type { InputUnits } from "../../explain/input_units.ts";
import type { Network } from "../../layers/layer.ts";
import { valueAndGrad } from "../../tensor/grad.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Tree } from "../../tensor/tree.ts";

/** Options of {@linkcode attackSession}. */
export type AttackSessionOptions = {
  /** What the network does to pixels before it sees them. Default: nothing. */
  readonly units?: InputUnits;
  /** Whether passes are recorded and replayed, see `jit`. Default: `true`. */
  readonly jit?: boolean;
};

/** A function of tensors and numbers, as `jit` makes it. */
export type AttackPass<A extends readonly unknown[], R> = (
  ...values: { [I in keyof A]: Argument<A[I]> }
) => R;

/** What is recorded of a network under attack. */
export type AttackSession = {
  /** The network that it is of. */
  readonly network: Network;
  /** What becomes of pixels before the network sees them. */
  readonly units: InputUnits;
  /**
   * A pass, which is made once for its name.
   *
   * @param name names the pass, and all that its making depends on
   * @param make makes it
   * @param donate the arguments that are used up
   */
  pass<A extends readonly unknown[], R>(
    name: string,
    make: () => (...values: A) => R,
    donate?: readonly number[],
  ): AttackPass<A, R>;
  /** Frees what is recorded; what attacks answered lives on. */
  dispose(): void;
};

/**
 * Holds what attacks on a network record, so that several calls (other batches, other ε) record
 * it once. Without one each call records, and frees, its own.
 *
 * @param network the network
 * @param options how pixels become its inputs
 * @returns the session, to be handed to attacks on the same network, and to be disposed of
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
  network: Network<P, S>,
  options: AttackSessionOptions = {},
): AttackSession {
  const { units = UNIT_PIXELS } = options;
  const passes = new Map<string, { run: unknown; dispose(): void }>();
  return {
    network: network as unknown as Network,
    units,
    pass<A extends readonly unknown[], R>(
      name: string,
      make: () => (...values: A) => R,
      donate: readonly number[] = [],
    ): AttackPass<A, R> {
      const known = passes.get(name);
      if (known) return known.run as AttackPass<A, R>;
      const made = options.jit === false
        ? { run: plainly(name, make(), donate), dispose: (): void => {} }
        : recorded(make(), donate);
      passes.set(name, made);
      return made.run as AttackPass<A, R>;
    },
    dispose(): void {
      passes.forEach((pass) => pass.dispose());
      passes.clear();
    },
  };
}

function recorded<A extends readonly unknown[], R>(
  f: (...values: A) => R,
  donate: readonly number[],
): { run: unknown; dispose(): void } {
  const run = jit(f, { donate });
  return { run, dispose: () => run.dispose() };
}

/** What `jit` would answer, operation by operation. */
function plainly<A extends readonly unknown[], R>(
  name: string,
  f: (...values: A) => R,
  donate: readonly number[],
): (...values: unknown[]) => unknown {
  return (...values) => {
    const flat = flatten(name, values);
    const donated = flat.argumentOf.map((argument) => donate.includes(argument));
    return callPlainly(name, f as unknown as (...of: unknown[]) => unknown, values, flat, donated);
  };
}

/** What the network of a session answers to pixels `[N, H, W, C]`: its logits `[N, classes]`. */
export function logitsOf({ network, units }: AttackSession, pixels: Tensor): Tensor {
  const { model, params, state } = network;
  return model.apply(params, state, toInputs(pixels, units), {})[0];
}

/** The pass that answers logits. */
export function logitsPass(session: AttackSession): AttackPass<[Tensor], Tensor> {
  return session.pass("logits", () => (pixels: Tensor) => tf.tidy(() => logitsOf(session, pixels)));
}

/**
 * The gradient, by the pixels, of a number that the logits are worth.
 *
 * @param session the network
 * @param worth of logits and goals, both `[N, classes]`, a sum over the batch
 * @returns of pixels and goals, the gradient and the logits
 */
export function gradientOf(
  session: AttackSession,
  worth: (logits: Tensor, goals: Tensor) => Scalar,
): (pixels: Tensor, goals: Tensor) => { readonly gradient: Tensor; readonly logits: Tensor } {
  const climb = valueAndGrad((at: { pixels: Tensor }, goals: Tensor) => {
    const logits = logitsOf(session, at.pixels);
    return [worth(logits, goals), { logits }];
  });
  return (pixels, goals) => {
    const { grads, aux } = climb({ pixels }, goals);
    return { gradient: grads.pixels, logits: aux.logits };
  };
}
