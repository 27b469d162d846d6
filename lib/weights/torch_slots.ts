// The PyTorch tensor of each parameter of a model, and the order of its numbers.
import { type Declaration, type Layer, slotEntries } from "../layers/layer.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import type { Path } from "../tensor/tree.ts";
import type { Oihw } from "./axes.ts";
import type { TorchLayout } from "./torch_layout.ts";

/** A parameter or statistic of ours, and PyTorch's tensor. */
export type TorchSlot = {
  readonly part: "params" | "state";
  /** Our place, `conv1/kernel`. */
  readonly path: Path;
  /** Our name at that place, `kernel`. */
  readonly leaf: Path;
  readonly shape: Shape;
  /** PyTorch's name, `features.0.weight`. */
  readonly key: string;
  /** PyTorch's module, `features.0`. */
  readonly module: string;
  readonly torchShape: Shape;
  /** PyTorch's tensor seen as a kernel; of a vector, one output. */
  readonly sizes: Oihw;
};

/** PyTorch's names for the tensors of our layers. */
const LEAVES: Readonly<Record<string, string>> = {
  kernel: "weight",
  bias: "bias",
  scale: "weight",
  shift: "bias",
  slope: "weight",
  mean: "running_mean",
  variance: "running_var",
  layerScale: "layer_scale",
};

/**
 * Of a vector that was an image `[H, W, C]`, which PyTorch lays out by C, H, W: that shape.
 * `"mixed"` if the order of its numbers is no longer known.
 */
type Order = Shape | "mixed" | undefined;

/**
 * PyTorch's tensors for all that a model learns and keeps.
 *
 * @param inputShape shape of one input, without the batch
 * @returns a slot for each parameter and statistic, layer by layer in the order they run
 * @throws {RangeError} if the layout does not have a layer
 * @throws {TypeError} if a layer's parameters have no counterpart in PyTorch
 */
export function torchSlots(model: Layer, inputShape: Shape, layout: TorchLayout): TorchSlot[] {
  const slots: TorchSlot[] = [];
  const declaration = model.declare(inputShape);
  visit({ op: model.op, path: "", inputShape, declaration }, undefined, (place, order) => {
    slots.push(...slotsOf(place, order, layout));
  });
  requireDistinct(slots, layout);
  return slots;
}

/** A layer in its model. */
type Place = {
  readonly op: string;
  readonly path: Path;
  readonly inputShape: Shape;
  readonly declaration: Declaration;
};

/** Calls `look` with each innermost layer and its input's order; returns the output's order. */
function visit(place: Place, order: Order, look: (place: Place, order: Order) => void): Order {
  const { op, path, declaration: { children, arrangement } } = place;
  if (!children) {
    look(place, order);
    return orderAfter(place, order);
  }
  if (arrangement === "graph") return visitGraph(place, order, look);
  const isJoin = arrangement === "branches";
  let last = order;
  const ends = children.map(({ name, layer, inputShape, declaration }) => {
    const inner = { op: layer.op, path: path === "" ? name : `${path}/${name}`, inputShape };
    return last = visit({ ...inner, declaration }, isJoin ? order : last, look);
  });
  // An auxiliary head passes its input on.
  if (op === "auxiliary") return order;
  if (!isJoin) return last;
  const isAlike = ends.every((end) => `${end}` === `${ends[0]}`);
  return isAlike && (op !== "concat" || ends[0] === undefined) ? ends[0] : "mixed";
}

/** As {@linkcode visit}, of a graph: each layer after what it takes. */
function visitGraph(
  { path, declaration: { children = [], ends = [] } }: Place,
  order: Order,
  look: (place: Place, order: Order) => void,
): Order {
  const orders = new Map<string, Order>();
  for (const { name, layer, inputShape, declaration, from } of children) {
    const taken = from!.map((source) => orders.has(source) ? orders.get(source) : order);
    // Vectors that were images are joined in an order of their own.
    const joined = taken.length === 1 || taken.every((one) => one === undefined)
      ? taken[0]
      : "mixed";
    const inner = { op: layer.op, path: path === "" ? name : `${path}/${name}`, inputShape };
    orders.set(name, visit({ ...inner, declaration }, joined, look));
  }
  return ends.length === 1 ? orders.get(ends[0]!) : undefined;
}

/** The order of a layer's output. */
function orderAfter({ op, path, inputShape, declaration }: Place, order: Order): Order {
  const [height, width] = inputShape;
  if (op === "transpose") return "mixed";
  if (op === "reshape") {
    requireOneOrder(path, declaration.shape);
    return order;
  }
  if (op === "flatten" && inputShape.length === 3 && order !== "mixed") {
    return height! * width! > 1 ? inputShape : undefined;
  }
  if (order === undefined || hasKernel(declaration)) return undefined;
  // Activations, dropout and normalization leave each number in its place.
  return `${declaration.shape}` === `${inputShape}` ? order : "mixed";
}

/** Refuses an image made of a vector, whose numbers PyTorch would take for C, H, W. */
function requireOneOrder(path: Path, [height, width, channels, ...rest]: Shape): void {
  if (channels === undefined || rest.length > 0 || channels === 1 || height! * width! === 1) return;
  throw new TypeError(
    `Cannot name a model's tensors as PyTorch does: of images reshaped from other numbers its order is another, got [${height},${width},${channels}] at "${path}"`,
  );
}

/** Whether a layer mixes all channels, so that the order of its input ends there. */
function hasKernel({ params }: Declaration): boolean {
  return slotEntries(params).some(([leaf, { shape }]) => leaf === "kernel" && shape.length >= 2);
}

function isDense({ params }: Declaration): boolean {
  return slotEntries(params).some(([leaf, { shape }]) => leaf === "kernel" && shape.length === 2);
}

function slotsOf({ path, declaration }: Place, order: Order, layout: TorchLayout): TorchSlot[] {
  const found = (["params", "state"] as const).flatMap((part) =>
    slotEntries(declaration[part]).map(([leaf, { shape }]) => ({ part, leaf, shape }))
  );
  if (found.length === 0) return [];
  const module = layout.module(path);
  return found.map(({ part, leaf, shape }) => {
    const known = Object.hasOwn(LEAVES, leaf) ? LEAVES[leaf]! : undefined;
    const name = known ?? layout.leaf?.(leaf);
    const whole = path === "" ? leaf : `${path}/${leaf}`;
    if (name === undefined) {
      throw new TypeError(
        `Cannot name "${whole}" as PyTorch does: it must be one of ${
          Object.keys(LEAVES).join(", ")
        }, got ${leaf}`,
      );
    }
    const rank = layout.isConv?.(path) ? 4 : layout.isDense?.(path) ? 2 : undefined;
    const key = module === "" ? name : `${module}.${name}`;
    const slot = { part, path: whole, leaf, shape, key, module };
    // What PyTorch has not keeps its form.
    if (!known) return { ...slot, torchShape: shape, sizes: [1, sizeOf(shape), 1, 1] };
    const sizes = oihw(
      whole,
      leaf,
      shape,
      isDense(declaration) && leaf === "bias" ? undefined : order,
    );
    const torchShape = leaf === "layerScale"
      ? [...shape, 1, 1]
      : shapeInTorch(shape, sizes, leaf === "kernel" ? rank : undefined);
    return { ...slot, torchShape, sizes };
  });
}

/** Our shape as PyTorch's kernel; `order` is that of the numbers along its inputs. */
function oihw(path: Path, leaf: Path, shape: Shape, order: Order): Oihw {
  if (shape.length === 4) return [shape[3]!, shape[2]!, shape[0]!, shape[1]!];
  // A number for each of an image's, as the scale of a normalization of whole examples.
  if (shape.length === 3) return [1, shape[2]!, shape[0]!, shape[1]!];
  const isKernel = leaf === "kernel" && shape.length === 2;
  const outputs = isKernel ? shape[1]! : 1;
  const inputs = isKernel ? shape[0]! : sizeOf(shape);
  if (order === undefined) return [outputs, inputs, 1, 1];
  const [height, width, channels] = order === "mixed" ? [0, 0, 0] : order;
  if (height! * width! * channels! === inputs) return [outputs, channels!, height!, width!];
  throw new TypeError(
    `Cannot name "${path}" as PyTorch does: the order of its ${inputs} inputs must be known, got ${
      order === "mixed" ? "a flattened image that was joined or reshaped" : `[${order}] flattened`
    }`,
  );
}

/** PyTorch's shape; of a kernel perhaps of another rank than ours. */
function shapeInTorch(shape: Shape, sizes: Oihw, rank = shape.length): Shape {
  const [outputs, inputs, height, width] = sizes;
  if (rank === 4) return sizes;
  if (rank === 3) return [inputs, height, width];
  return rank === 2 ? [outputs, inputs * height * width] : shape;
}

function requireDistinct(slots: readonly TorchSlot[], layout: TorchLayout): void {
  const paths = new Map<string, Path>();
  for (const { key, path } of slots) {
    const other = paths.get(key);
    if (other !== undefined) {
      throw new TypeError(
        `Cannot name tensors as ${layout.name} does: names must differ, got ${key} for "${other}" and "${path}"`,
      );
    }
    paths.set(key, path);
  }
}
