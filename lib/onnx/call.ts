// A node of an ONNX graph with what it takes: values of the network, or constants.
import { ImportedCall } from "../imported/call.ts";
import type { Constant } from "./constant.ts";
import type { Attribute, ProtoNode, ProtoTensor } from "./proto.ts";

/**
 * A tensor of the network. ONNX has the batch first, then its other axes in an order of its own;
 * ours has the batch first, then some of these in another order.
 */
export type Value = {
  /** The name of the layer that it is the output of. */
  readonly layer: string;
  /** ONNX's sizes, without the batch. */
  readonly dims: readonly number[];
  /** Which of ONNX's axes ours are. Those that are left out have size 1. */
  readonly axes: readonly number[];
  /** Where ONNX has the batch, if it is not first: what attention turns around. */
  readonly batchAt?: number;
  /** Of a vector made of several axes: their sizes in our order, and which of ONNX's each is. */
  readonly flat?: { readonly sizes: readonly number[]; readonly order: readonly number[] };
};

/** What a node takes. */
export type Operand = { readonly value: Value } | { readonly constant: Constant };

/** A node with its operands. */
export class Call extends ImportedCall {
  constructor(
    file: string,
    readonly opset: number,
    readonly node: ProtoNode,
    /** Its name, or that of its output. */
    name: string,
    readonly operands: readonly (Operand | undefined)[],
    /** ONNX's size of a batch: shapes in the file count on it. */
    readonly batch: number,
  ) {
    super(file, name, `node "${name}" (${node.op})`);
  }

  /** The value of the network that it takes, whose first axis is the batch. */
  value(i = 0): Value {
    const value = this.anyValue(i);
    const at = value.batchAt ?? 0;
    this.require(at === 0, `have the batch as the first axis of input ${i}`, at);
    return value;
  }

  /** The value of the network that it takes, wherever the batch is. */
  anyValue(i = 0): Value {
    const operand = this.operands[i];
    if (operand && "value" in operand) return operand.value;
    throw this.error(
      `have an input ${i} that the network computes`,
      operand ? "a constant" : "none",
    );
  }

  /** The constant that it takes; `undefined` if there is none. */
  optional(i: number): Constant | undefined {
    const operand = this.operands[i];
    if (operand && "value" in operand) {
      throw this.error(`have a constant as input ${i}`, "what the network computes");
    }
    return operand?.constant;
  }

  /** The constant that it must take. */
  constant(i: number): Constant {
    const found = this.optional(i);
    if (!found) throw this.error(`have an input ${i}`, "none");
    return found;
  }

  attribute(name: string): Attribute | undefined {
    return this.node.attributes.get(name);
  }

  number(name: string, standard: number): number {
    const found = this.attribute(name) ?? standard;
    if (typeof found !== "number") throw this.error(`have a number as ${name}`, found);
    return found;
  }

  text(name: string, standard: string): string {
    const found = this.attribute(name) ?? standard;
    if (typeof found !== "string") throw this.error(`have a text as ${name}`, found);
    return found;
  }

  list(name: string): readonly number[] | undefined {
    const found = this.attribute(name);
    if (found === undefined) return undefined;
    const isList = Array.isArray(found) && found.every((one) => typeof one === "number");
    if (!isList) throw this.error(`have numbers as ${name}`, found);
    return found as readonly number[];
  }

  tensor(name: string): ProtoTensor | undefined {
    const found = this.attribute(name);
    return found && typeof found === "object" && "dims" in found ? found : undefined;
  }

  /** Whole numbers: an input since some version of the operators, before that an attribute. */
  wholes(name: string, i: number): readonly number[] | undefined {
    const listed = this.list(name);
    if (listed) return listed;
    const found = this.optional(i);
    return found && Array.from(found.values());
  }

  /** A number: an input since some version of the operators, before that an attribute. */
  scalar(name: string, i: number): number | undefined {
    const found = this.attribute(name);
    if (typeof found === "number") return found;
    const values = this.optional(i)?.values();
    if (values && values.length !== 1) {
      throw this.error(`have one number as ${name}`, `${values.length}`);
    }
    return values?.[0];
  }
}
