// A node of a TensorFlow graph with what it takes.
import { ImportedCall } from "../imported/call.ts";
import type { Placed, Placer } from "../imported/placer.ts";
import { isRecord } from "../keras/mod.ts";
import type { Constant } from "./constant.ts";

/** A node as the file has it. */
export type GraphNode = {
  readonly name: string;
  readonly op: string;
  /** The outputs that it takes. */
  readonly inputs: readonly { readonly node: string; readonly output: number }[];
  readonly attributes: { readonly [name: string]: unknown };
};

/** What a node takes. */
export type Operand = { readonly value: Placed } | { readonly constant: Constant };

/** A node with its operands. */
export class GraphCall extends ImportedCall {
  constructor(
    file: string,
    readonly node: GraphNode,
    readonly operands: readonly Operand[],
    /** TensorFlow's size of a batch: shapes in the file count on it. */
    readonly batch: number,
    readonly build: Placer,
  ) {
    super(file, node.name, `node "${node.name}" (${node.op})`);
  }

  /** The value of the network that it takes. */
  value(i = 0): Placed {
    const operand = this.operands[i];
    if (operand && "value" in operand) return operand.value;
    throw this.error(
      `have an input ${i} that the network computes`,
      operand ? "a constant" : "none",
    );
  }

  /** The image that it takes. */
  image(i = 0): Placed {
    const value = this.value(i);
    const format = this.text("data_format", "NHWC");
    this.require(format === "NHWC", "have its channels last", format);
    this.require(value.shape.length === 3, "take an image", this.wholeOf(value));
    return value;
  }

  /** The constant that it must take. */
  constant(i: number): Constant {
    const operand = this.operands[i];
    if (operand && "constant" in operand) return operand.constant;
    throw this.error(
      `have a constant as input ${i}`,
      operand ? "what the network computes" : "none",
    );
  }

  /** The numbers of a constant that it must take. */
  numbers(i: number): number[] {
    return Array.from(this.constant(i).values());
  }

  /** The sizes of a value with the batch. */
  wholeOf({ shape }: Placed): number[] {
    return [this.batch, ...shape];
  }

  /** The part of an attribute that has its value. */
  #part(name: string, kind: string): unknown {
    const attribute = this.node.attributes[name];
    return isRecord(attribute) ? attribute[kind] : undefined;
  }

  number(name: string, standard: number): number {
    const found = this.#part(name, "f") ?? this.#part(name, "i") ?? standard;
    const number = Number(found);
    if (!Number.isFinite(number)) throw this.error(`have a number as ${name}`, found);
    return number;
  }

  flag(name: string): boolean {
    return this.#part(name, "b") === true;
  }

  text(name: string, standard: string): string {
    return textOf(this.#part(name, "s")) ?? standard;
  }

  /** A list of whole numbers. */
  list(name: string): readonly number[] {
    const list = this.#part(name, "list");
    const found = isRecord(list) && Array.isArray(list.i) ? list.i.map(Number) : [];
    if (!found.every(Number.isInteger)) throw this.error(`have whole numbers as ${name}`, list);
    return found;
  }

  /** A list of texts. */
  texts(name: string): readonly string[] {
    const list = this.#part(name, "list");
    return isRecord(list) && Array.isArray(list.s) ? list.s.map((one) => textOf(one) ?? "") : [];
  }

  /** Adds a layer. */
  emit(
    layer: Parameters<Placer["place"]>[1],
    from: Placed | readonly Placed[],
    parts: Parameters<Placer["place"]>[3] = {},
  ): Placed {
    return this.build.place(this.name, layer, [from].flat() as Placed[], parts);
  }
}

/** Makes layers of a node, and returns its outputs. */
export type Operator = (call: GraphCall) => Placed | readonly Placed[];

/** A text, which JSON has in base64. */
function textOf(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return atob(value);
  } catch {
    return value;
  }
}
