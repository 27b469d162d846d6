// A program in the operations that a format has.
import type { Add, NumberFunction, Value } from "../layers/operation.ts";
import { NUMBER_LOWERINGS } from "./lower_numbers.ts";
import { SHAPE_LOWERINGS } from "./lower_shapes.ts";
import { WINDOW_LOWERINGS } from "./lower_windows.ts";
import type { Lowering, Lowerings } from "./lowering.ts";
import type { End, Program, Step } from "./program.ts";

/** Operations that a format may lack, made of simpler ones. */
const LOWERINGS: Lowerings = { ...NUMBER_LOWERINGS, ...SHAPE_LOWERINGS, ...WINDOW_LOWERINGS };

/** A program's steps and where it ends, in the operations that a format has. */
export type Lowered = { readonly steps: readonly Step[]; readonly outputs: readonly End[] };

/** Names of functions in files of a format. */
export type FunctionNames = Readonly<Partial<Record<NumberFunction, string>>>;

/** Those that ONNX and TensorFlow share. */
export const FUNCTION_NAMES: FunctionNames = {
  relu: "Relu",
  leakyRelu: "LeakyRelu",
  elu: "Elu",
  selu: "Selu",
  softplus: "Softplus",
  sigmoid: "Sigmoid",
  tanh: "Tanh",
  sqrt: "Sqrt",
  exp: "Exp",
  log: "Log",
  abs: "Abs",
  neg: "Neg",
  erf: "Erf",
  reciprocal: "Reciprocal",
};

/**
 * Makes the operations that a format lacks of others.
 *
 * @param format its name, for messages
 * @param keeps whether the format has a step's operation
 * @param adapt what a step is in the format, if it is another one
 * @throws {TypeError} if operations can not be made of those that it has: with all their names
 */
export function lowered(
  program: Program,
  format: string,
  keeps: (step: Step) => boolean,
  adapt: (step: Step) => Step = (step) => step,
): Lowered {
  const steps: Step[] = [];
  const missing: Step[] = [];
  const names = new Set(program.steps.map(({ name }) => name));
  /** What values became. */
  const became = new Map<number, Value>();
  const now = (value: Value): Value => became.get(value.id) ?? value;
  const put = (given: Step): void => {
    const step = adapt({ ...given, inputs: given.inputs.map(now) });
    if (keeps(step)) return void steps.push(step);
    const before = steps.length;
    const add: Add = (operation, shape, ...inputs) => {
      const output = program.value(shape);
      const base = `${step.name}_${operation.op}`;
      let name = base;
      for (let i = 2; names.has(name); i++) name = `${base}_${i}`;
      names.add(name);
      put({ name, operation, inputs, output });
      return now(output);
    };
    const { operation, output, inputs, name } = step;
    const lower = LOWERINGS[operation.op] as Lowering | undefined;
    const last = lower?.(operation, output.shape, inputs, add);
    if (!last) return void missing.push(step);
    became.set(output.id, now(last));
    // The last one is what the layer gives.
    const at = steps.findLastIndex((one, i) => i >= before && one.output.id === now(last).id);
    if (at >= 0) steps[at] = { ...steps[at]!, name };
  };
  program.steps.forEach(put);
  if (missing.length > 0) {
    throw new TypeError(
      `Cannot write a network as ${format}: its operations must be those of the format, got ${
        missing.map(({ name, operation }) => `"${name}" (${operation.op})`).join(", ")
      }`,
    );
  }
  const outputs = program.outputs.map(({ name, value }) => ({ name, value: now(value) }));
  return { steps, outputs };
}
