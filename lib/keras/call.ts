// A call of a Keras layer with what it takes.
import { ImportedCall, shown } from "../imported/call.ts";
import type { Numbers } from "../imported/emitter.ts";
import type { Parts } from "../imported/emitter.ts";
import type { Placed, Placer } from "../imported/placer.ts";
import type { AnyLayer } from "../layers/layer.ts";
import { type Config, isRecord, type KerasConstant, type KerasLayer } from "./model.ts";
import type { KerasWeights } from "./weights.ts";

/** Which of Keras's formulas count. */
export type Dialect = {
  /** Keras's version, 2 or 3. */
  readonly major: 2 | 3;
  /** Whether TensorFlow.js runs the model, whose layers are Keras 2's but for some. */
  readonly isTfjs: boolean;
};

/** What a call takes: values, or numbers. */
export type KerasOperand = Placed | KerasConstant | number;

/** Keras's policies of types whose numbers are floats. */
const PLAIN_POLICIES = ["DTypePolicy", "FloatDTypePolicy", "Policy"];

const isPlaced = (operand: KerasOperand | undefined): operand is Placed =>
  typeof operand === "object" && "layer" in operand;

/** A call of a layer. */
export class KerasCall extends ImportedCall {
  /** Layers with parameters that an earlier call made, which this one shares. */
  readonly #made: AnyLayer[];
  #next = 0;

  constructor(
    file: string,
    readonly dialect: Dialect,
    readonly layer: KerasLayer,
    readonly operands: readonly KerasOperand[],
    readonly build: Placer,
    readonly stored: KerasWeights,
    made: AnyLayer[],
  ) {
    // Its layer's name with those of the models that it is in.
    const name = layer.path.join(".");
    super(file, name, `layer "${name}" (${layer.className})`);
    this.#made = made;
  }

  /** The one value that it takes. */
  value(): Placed {
    const values = this.values();
    this.require(values.length === 1, "take one tensor", `${values.length}`);
    return values[0]!;
  }

  /** The values that it takes, which are all that it takes. */
  values(): readonly Placed[] {
    const values = this.operands.filter(isPlaced);
    const others = this.operands.filter((one) => !isPlaced(one));
    this.require(others.length === 0, "take tensors alone", others);
    return values;
  }

  /** The value and the numbers that it takes, and whether the numbers are before the value. */
  withNumbers(): {
    readonly x: Placed;
    readonly numbers: KerasConstant | number;
    readonly isFirst: boolean;
  } {
    const [first, second, ...more] = this.operands;
    const isFirst = !isPlaced(first);
    const [x, numbers] = isFirst ? [second, first] : [first, second];
    if (isPlaced(x) && numbers !== undefined && !isPlaced(numbers) && more.length === 0) {
      return { x, numbers, isFirst };
    }
    throw this.error("take a tensor and numbers", this.operands);
  }

  /** The image that it takes. */
  image(): Placed {
    const value = this.value();
    const format = this.text("data_format", "channels_last");
    this.require(format === "channels_last", "have its channels last", format);
    this.require(value.shape.length === 3, "take an image, [height, width, channels]", [
      ...value.shape,
    ]);
    return value;
  }

  get config(): Config {
    return this.layer.config;
  }

  number(name: string, standard: number): number {
    const found = this.config[name] ?? standard;
    if (typeof found !== "number") throw this.error(`have a number as ${name}`, found);
    return found;
  }

  flag(name: string, standard: boolean): boolean {
    const found = this.config[name] ?? standard;
    if (typeof found !== "boolean") throw this.error(`have true or false as ${name}`, found);
    return found;
  }

  text(name: string, standard: string): string {
    const found = this.config[name] ?? standard;
    if (typeof found !== "string") throw this.error(`have a text as ${name}`, found);
    return found;
  }

  /** Whole numbers, or one of them. */
  list(name: string): readonly number[] | undefined {
    const found = this.config[name];
    if (found === undefined || found === null) return undefined;
    const list = [found].flat();
    const isList = list.every((one) => typeof one === "number" && Number.isInteger(one));
    if (!isList) throw this.error(`have whole numbers as ${name}`, found);
    return list as number[];
  }

  /** Height and width of something. */
  pair(name: string, standard: number | readonly [number, number]): [number, number] {
    const list = this.list(name) ?? [standard].flat() as number[];
    this.require(list.length === 1 || list.length === 2, `have two numbers as ${name}`, list);
    return [list[0]!, list.at(-1)!];
  }

  /** The padding of a window. */
  padding(): "same" | "valid" {
    const found = this.text("padding", this.text("border_mode", "valid")).toLowerCase();
    if (found === "same" || found === "valid") return found;
    throw this.error("have same or valid padding", found);
  }

  /**
   * Its numbers, which are read now: the file is closed afterwards.
   *
   * @param shapes the shapes that they must have, by name in the order in which the layer makes them
   * @param biases how many biases follow, if any
   */
  weights<Name extends string>(
    shapes: Readonly<Record<Name, readonly number[]>>,
    biases = 0,
  ): Record<Name, Numbers> & { readonly bias?: Numbers } {
    const { dtype, lora_rank: rank } = this.config;
    const isPlain = !isRecord(dtype) || PLAIN_POLICIES.includes(`${dtype.class_name}`);
    this.require(isPlain, "have numbers that are not quantized", dtype);
    const isMerged = (rank ?? null) === null || this.stored.mergesLora;
    this.require(isMerged, "have its LoRA in its kernel, as a .keras file has it", rank);
    const all: [string, readonly number[]][] = Object.entries(shapes);
    if (biases > 0) all.push(["bias", [biases]]);
    const found = this.stored.of(this.layer, all.map(([name]) => name));
    const numbers = all.map(([name, shape], i): [string, Numbers] => {
      const tensor = found[i];
      if (!tensor) throw this.error(`have its ${name} in the file`, "none");
      const fits = `${tensor.shape}` === `${shape}`;
      this.require(fits, `have a ${name} of shape [${shape}]`, [...tensor.shape]);
      const own = tensor.read();
      return [name, () => own];
    });
    return Object.fromEntries(numbers) as Record<Name, Numbers>;
  }

  /** Adds a layer; one with parameters is the same for each call. */
  emit(layer: AnyLayer, from: Placed | readonly Placed[], parts: Parts = {}): Placed {
    const sources = [from].flat() as Placed[];
    const isShared = parts.params !== undefined || parts.state !== undefined;
    const own = isShared ? this.#made[this.#next++] ??= layer : layer;
    return this.build.place(this.name, own, sources, parts);
  }
}

/** Makes layers of a call, and returns its output. */
export type Conversion = (call: KerasCall) => Placed;

/** A function or layer in a configuration: its name, and its own configuration. */
export function namedIn(value: unknown): { readonly name: string; readonly config: Config } {
  if (typeof value === "string") return { name: value, config: {} };
  if (!isRecord(value)) return { name: shown(value), config: {} };
  // Keras 2.13 and later write functions as { class_name: "function", config: "relu" }.
  if (typeof value.config === "string") return { name: value.config, config: {} };
  const name = typeof value.class_name === "string" ? value.class_name : shown(value);
  return { name, config: isRecord(value.config) ? value.config : {} };
}
