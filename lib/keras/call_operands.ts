// What the calls of a Keras configuration take: of Keras 3 by arguments, of Keras 2 as lists of places.
import { isRecord, type KerasConstant, type KerasNode, type TensorPlace } from "./model.ts";

/**
 * The place of a tensor that a value is: `["conv", 0, 0]`, alone or in a record.
 *
 * @returns `undefined` if it is none
 */
export function placeOf(value: unknown): TensorPlace | undefined {
  if (isRecord(value) && value.class_name === "__keras_tensor__" && isRecord(value.config)) {
    return placeOf(value.config.keras_history);
  }
  if (!Array.isArray(value)) return undefined;
  const [layer, node, tensor] = value;
  const isPlace = typeof layer === "string" && Number.isInteger(node) && Number.isInteger(tensor);
  return isPlace ? { layer, node, tensor } : undefined;
}

/**
 * What a call takes.
 *
 * @param bad makes the error for what is no call: what must be so, and what is
 */
export function nodeOf(
  node: unknown,
  bad: (rule: string, got: unknown) => SyntaxError,
): KerasNode {
  if (isRecord(node) && Array.isArray(node.args)) {
    return [...operandsIn(node.args), ...operandsNamed(node.kwargs)];
  }
  // One place, of an operator also one number in its stead, with what it takes besides: { y: 2 },
  // { y: ["add", 0, 0] }.
  const isOne = Array.isArray(node) && typeof node[0] === "string";
  const places = isOne ? [node] : node;
  if (!Array.isArray(places)) throw bad("be a list", node);
  return places.flatMap((one: unknown): KerasNode => {
    if (!Array.isArray(one)) throw bad("take tensors", one);
    const own = one[0] === "_CONSTANT_VALUE" ? operandsIn([one[2]]) : placeOf(one);
    if (!own) throw bad("take tensors", one);
    // Keras 3 calls all layers of a model in use as in use, Keras 2 those as in training that say so.
    const isTraining = isRecord(one[3]) && one[3].training === true;
    const unknown = isTraining ? [{ unknown: { training: true } }] : [];
    return [own, operandsNamed(one[3]), unknown].flat();
  });
}

/** The operands in named arguments, of which some are true or false. */
function operandsNamed(value: unknown): KerasNode {
  return isRecord(value) ? operandsIn(Object.values(value).filter((one) => one !== true)) : [];
}

/** An array of numbers, in a record of its own or as lists in lists. */
function constantOf(value: unknown): KerasConstant | undefined {
  const isArray = isRecord(value) && /^__(numpy|tensor)__$/.test(`${value.class_name}`);
  const sizes: number[] = [];
  let first = isArray ? isRecord(value.config) ? value.config.value : undefined : value;
  const list = [first].flat(Infinity);
  for (; Array.isArray(first); first = first[0]) sizes.push(first.length);
  const isWhole = list.every((one) => typeof one === "number") &&
    list.length === sizes.reduce((product, size) => product * size, 1);
  return isWhole && (isArray || sizes.length > 0)
    ? { sizes, numbers: Float32Array.from(list as number[]) }
    : undefined;
}

/** The places and numbers in arguments, in lists or not; texts and what is absent are no operands. */
function operandsIn(values: readonly unknown[]): KerasNode[number][] {
  return values.flatMap((value): KerasNode => {
    if (value === null || value === false || typeof value === "string") return [];
    if (typeof value === "number") return [value];
    const operand = placeOf(value) ?? constantOf(value);
    if (operand) return [operand];
    return Array.isArray(value) ? operandsIn(value) : [{ unknown: value }];
  });
}
