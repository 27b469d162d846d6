// The call of a function under jit where nothing is recorded.
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { isTraced } from "../../tensor/traced_key.ts";
import { type Assemble, type Flat, rebuild, takeApart } from "./arguments.ts";
import { callPurely } from "./purity.ts";
import { requireSameCaptured, requireSameTrace } from "./same_trace.ts";
import { type Trace, traced } from "./trace.ts";

/** Calls a function that is given tensors, and returns its result. */
export type Around = (f: () => unknown, leaves: readonly Tensor[]) => unknown;

/**
 * Calls a function as a replay would: numbers are scalars, what is donated is
 * disposed of, and nothing is left behind but what is returned.
 *
 * @param leaves their tensors and numbers
 * @param around called with the function, to watch it; it may throw
 */
export function callPlainly(
  what: string,
  f: (...values: unknown[]) => unknown,
  values: readonly unknown[],
  { leaves }: Flat,
  donated: readonly boolean[],
  around: Around = (call) => call(),
): unknown {
  const given = new Set<Tensor | number>(leaves);
  const keys: Key[] = [];
  let assemble: Assemble | undefined;
  const results = tf.tidy(() => {
    const stand: Tensor[] = [];
    const seen = new Set<Tensor>();
    const standIn = (_: number, value: Tensor | number): Tensor => {
      if (typeof value === "number") return tf.scalar(value);
      // As in a recording, each leaf is a tensor of its own, and none a variable.
      if (seen.has(value) || value instanceof tf.Variable) return value.clone();
      seen.add(value);
      return value;
    };
    const stands = rebuild(values, (i, value) => stand[i] = standIn(i, value));
    const tensors: Tensor[] = [];
    assemble = takeApart(
      what,
      around(() => f(...stands), stand),
      (tensor) => tensors.push(tensor) - 1,
      (key) => isTraced(key) ? keys.push(key) - 1 : undefined,
    );
    // What is passed through is the caller's twice.
    return tensors.map((tensor) => given.has(tensor) ? tensor.clone() : tensor);
  });
  leaves.forEach((leaf, i) => donated[i] && typeof leaf !== "number" && leaf.dispose());
  return assemble!(results, keys);
}

/**
 * Watches calls of a function on a backend where nothing is recorded: what a recording would freeze
 * is refused here as well.
 *
 * @param traces what the function did with arguments of each form
 * @param form the form of the arguments
 * @param check `false` if later calls are not compared
 */
export function watching(
  what: string,
  traces: Map<string, Trace>,
  form: string,
  check: boolean | undefined,
): Around {
  return (f, leaves) => {
    const known = traces.get(form);
    if (known) requireSameCaptured(what, known.captured);
    const { result, trace } = callPurely(() => traced(leaves, f));
    if (!known) traces.set(form, trace);
    else if (check !== false) requireSameTrace(what, known, trace);
    return result;
  };
}
