// A network as a list of operations, which writers of files make nodes of.
import type { Child, Declaration, Joined, Layer, Network } from "../layers/layer.ts";
import type { Add, Operation, Value, Weight } from "../layers/operation.ts";
import type { Shape, ShapeTree, Tensor } from "../tensor/tensor.ts";
import { isTensor, type Path, type Tree } from "../tensor/tree.ts";

/** An operation with what it takes and gives. */
export type Step = {
  /** The path of its layer with dots, of a layer of several with what it does; unique. */
  readonly name: string;
  readonly operation: Operation;
  readonly inputs: readonly Value[];
  readonly output: Value;
};

/** A tensor that a program begins or ends with. */
export type End = { readonly name: string; readonly value: Value };

/** A network's operations, each after what it takes. */
export type Program = {
  readonly inputs: readonly End[];
  readonly steps: readonly Step[];
  readonly outputs: readonly End[];
  /** Makes values for further steps. */
  value(shape: Shape): Value;
};

/** A layer whose operations are not known. */
type Unknown = { readonly path: Path; readonly op: string };

/**
 * The operations of a network when nothing is trained. Nothing is read from the device yet.
 *
 * @param network the network
 * @param inputShape shape of one input, without the batch; of several a record of them
 * @throws {TypeError} if layers have no operations: with the paths of all of them
 */
export function programOf(network: Network, inputShape: ShapeTree): Program {
  return new Walk().program(network, inputShape);
}

class Walk {
  readonly #steps: Step[] = [];
  readonly #unknown: Unknown[] = [];
  readonly #names = new Set<string>();
  #count = 0;

  program({ model, params, state }: Network, inputShape: ShapeTree): Program {
    const declaration = model.declare(inputShape as Shape) as Declaration;
    const inputs = this.#inputs(inputShape);
    const whole = { layer: model, declaration, path: "", owner: "" };
    const outputs = this.#root(whole, inputs, { params, state });
    if (this.#unknown.length > 0) refuse(this.#unknown);
    return {
      inputs,
      steps: this.#steps,
      outputs,
      value: (shape) => this.#value(shape),
    };
  }

  #value(shape: Shape): Value {
    return { id: this.#count++, shape };
  }

  #inputs(shape: ShapeTree): End[] {
    const named: [string, Shape][] = Array.isArray(shape)
      ? [["input", shape as Shape]]
      : Object.entries(shape as { readonly [name: string]: Shape });
    return named.map(([name, own]) => {
      this.#names.add(name);
      return { name, value: this.#value(own) };
    });
  }

  /** The model itself, which alone may have several inputs and outputs. */
  #root(place: Place, inputs: readonly End[], trees: Trees): End[] {
    const { layer, declaration } = place;
    const isKnown = layer.operations?.of === layer.apply;
    if (declaration.arrangement !== "graph" || !isKnown) {
      return [{ name: "output", value: this.#layer(place, inputs[0]!.value, trees) }];
    }
    const given = new Map(inputs.map(({ name, value }) => [name, value]));
    const values = this.#graph(place, given, trees);
    const { ends = [] } = declaration;
    const isOne = Array.isArray(declaration.shape);
    return ends.map((name) => ({ name: isOne ? "output" : name, value: values.get(name)! }));
  }

  #layer(place: Place, x: Value, trees: Trees): Value {
    const { layer, declaration, path } = place;
    const { operations } = layer;
    if (operations?.of !== layer.apply) {
      this.#unknown.push({ path, op: layer.op });
      return this.#value(declaration.shape);
    }
    if (operations.write !== "children") {
      return this.#named(path, layer.op, (add) => {
        const weight = (leaf: string): Weight => weightAt(place.owner, leaf, trees);
        return (operations.write as Exclude<typeof operations.write, "children">)({
          add,
          x,
          shape: declaration.shape,
          weight,
        });
      });
    }
    if (declaration.arrangement === "graph") {
      return this.#graph(place, new Map([["input", x]]), trees).get(declaration.ends![0]!)!;
    }
    const children = declaration.children ?? [];
    if (declaration.arrangement === "branches") {
      const outputs = children.map((child) => this.#child(place, child, x, trees));
      return this.#join(path, declaration.join!, outputs, declaration.shape);
    }
    return children.reduce((y, child) => this.#child(place, child, y, trees), x);
  }

  #child(
    parent: Place,
    { name, layer, declaration, shares }: Child,
    x: Value,
    trees: Trees,
  ): Value {
    const place = {
      layer,
      declaration,
      path: within(parent.path, name),
      owner: within(parent.owner, shares ?? name),
    };
    return this.#layer(place, x, trees);
  }

  /** All values of a graph by name. */
  #graph(
    place: Place,
    values: Map<string, Value>,
    trees: Trees,
  ): ReadonlyMap<string, Value> {
    for (const child of place.declaration.children ?? []) {
      const { name, from = [], join, inputShape } = child;
      const taken = from.map((source) => values.get(source)!);
      const x = join === undefined
        ? taken[0]!
        : this.#join(within(place.path, name), join, taken, inputShape);
      values.set(name, this.#child(place, child, x, trees));
    }
    return values;
  }

  #join(path: Path, join: Joined, outputs: readonly Value[], shape: Shape): Value {
    if (join.operations) {
      return this.#named(path, join.name, (add) => join.operations!({ add, outputs, shape }));
    }
    this.#unknown.push({ path, op: `join ${join.name}` });
    return this.#value(shape);
  }

  /** Adds the operations of one layer, and names them. */
  #named(path: Path, op: string, write: (add: Add) => Value): Value {
    const own: Omit<Step, "name">[] = [];
    const last = write((operation, shape, ...inputs) => {
      const output = this.#value(shape);
      own.push({ operation, inputs, output });
      return output;
    });
    const base = path === "" ? op : path.replaceAll("/", ".");
    for (const step of own) {
      const isWhole = step.output === last && !this.#names.has(base);
      const name = this.#nameOf(isWhole ? base : `${base}_${step.operation.op}`);
      this.#steps.push({ name, ...step });
    }
    return last;
  }

  #nameOf(name: string): string {
    let own = name;
    for (let i = 2; this.#names.has(own); i++) own = `${name}_${i}`;
    this.#names.add(own);
    return own;
  }
}

/** A layer in its model, and where its parameters are. */
type Place = {
  readonly layer: Layer;
  readonly declaration: Declaration;
  readonly path: Path;
  readonly owner: Path;
};

type Trees = { readonly params: Tree; readonly state: Tree };

function within(path: Path, name: string): Path {
  return path === "" ? name : `${path}/${name}`;
}

/** A parameter, or a state. */
function weightAt(owner: Path, leaf: string, trees: Trees): Weight {
  const path = within(owner, leaf);
  const tensor = tensorAt(trees.params, path) ?? tensorAt(trees.state, path);
  if (!tensor) {
    throw new TypeError(`Cannot write a network: "${path}" must be a tensor of it, got none`);
  }
  const read = async (): Promise<Float32Array> => Float32Array.from(await tensor.data());
  return { shape: tensor.shape, path, read };
}

function tensorAt(tree: Tree, path: Path): Tensor | undefined {
  let own: Tree | undefined = tree;
  for (const name of path.split("/")) {
    if (own === null || own === undefined || isTensor(own)) return undefined;
    own = (own as { readonly [name: string]: Tree })[name];
  }
  return isTensor(own) ? own as Tensor : undefined;
}

function refuse(unknown: readonly Unknown[]): never {
  throw new TypeError(
    `Cannot write a network: each of its layers must be one of ours or made of them, or say of which operations it consists, got ${
      unknown.map(({ path, op }) => `"${path}" (${op})`).join(", ")
    }`,
  );
}
