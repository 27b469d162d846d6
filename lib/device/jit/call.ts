// The call of a function under jit where nothing is recorded.
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { isTraced } from "../../tensor/traced_key.ts";
import { rebuild, takeApart } from "./arguments.ts";

/**
 * Calls a function as a replay would: numbers are scalars, what is donated is
 * disposed of, and nothing is left behind but what is answered.
 *
 * @param what the function, for errors
 * @param f the function
 * @param values its arguments
 * @param donate the numbers of those that are used up
 */
export function callPlainly(
  what: string,
  f: (...values: unknown[]) => unknown,
  values: readonly unknown[],
  donate: readonly number[],
): unknown {
  const donated = donatedTensors(values, donate);
  // deno-lint-ignore no-explicit-any -- tidy's types know records of tensors, not whatever f answers
  const result: any = tf.tidy(() => {
    const scalars = (_: number, value: Tensor | number): Tensor =>
      typeof value === "number" ? tf.scalar(value) : value;
    const answer = f(...rebuild(values, scalars));
    const tensors: Tensor[] = [];
    const keys: Key[] = [];
    const assemble = takeApart(
      what,
      answer,
      (tensor) => tensors.push(tensor) - 1,
      (key) => isTraced(key) ? keys.push(key) - 1 : undefined,
    );
    // What is passed through from a donated argument lives on; the argument does not.
    return assemble(tensors.map((one) => donated.has(one) ? one.clone() : one), keys) as never;
  });
  for (const tensor of donated) tensor.dispose();
  return result;
}

function donatedTensors(values: readonly unknown[], donate: readonly number[]): Set<Tensor> {
  const tensors = new Set<Tensor>();
  rebuild(donate.map((index) => values[index]), (_, value) => {
    if (typeof value !== "number") tensors.add(value);
    return value as Tensor;
  });
  return tensors;
}
