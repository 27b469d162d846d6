// The call of a function under jit where nothing is recorded.
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { isTraced } from "../../tensor/traced_key.ts";
import { type Assemble, type Flat, rebuild, takeApart } from "./arguments.ts";

/**
 * Calls a function as a replay would: numbers are scalars, what is donated is
 * disposed of, and nothing is left behind but what is returned.
 *
 * @param leaves their tensors and numbers
 */
export function callPlainly(
  what: string,
  f: (...values: unknown[]) => unknown,
  values: readonly unknown[],
  { leaves }: Flat,
  donated: readonly boolean[],
): unknown {
  const given = new Set(leaves);
  const keys: Key[] = [];
  let assemble: Assemble | undefined;
  const results = tf.tidy(() => {
    const scalars = (_: number, value: Tensor | number): Tensor =>
      typeof value === "number" ? tf.scalar(value) : value;
    const tensors: Tensor[] = [];
    assemble = takeApart(
      what,
      f(...rebuild(values, scalars)),
      (tensor) => tensors.push(tensor) - 1,
      (key) => isTraced(key) ? keys.push(key) - 1 : undefined,
    );
    // What is passed through is the caller's twice.
    return tensors.map((tensor) => given.has(tensor) ? tensor.clone() : tensor);
  });
  leaves.forEach((leaf, i) => donated[i] && typeof leaf !== "number" && leaf.dispose());
  return assemble!(results, keys);
}
