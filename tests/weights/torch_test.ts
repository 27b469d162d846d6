// Weights from PyTorch and to PyTorch: each number in its place, and nothing lost on the way.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { onCpu, onEachBackend } from "../backends.ts";
import {
  batchNorm,
  conv,
  dense,
  dropout,
  entries,
  flatten,
  globalMeanPool,
  glorotNormal,
  type HostTensor,
  init,
  key,
  type Layer,
  leaves,
  parallel,
  relu,
  residual,
  sequential,
  type Shape,
  sizeOf,
  type Tensor,
  tf,
  type Tree,
} from "../../mod.ts";
import {
  fromTorch,
  type LazyTensor,
  openSafetensors,
  tensorSource,
  type TorchLayout,
  toTorch,
  writeTorch,
} from "../../lib/weights/mod.ts";
import { float32 } from "./fixtures.ts";

/** Paths with dots, `block/body/conv` as `block.body.conv`. */
const DOTTED: TorchLayout = { name: "dotted", module: (layer) => layer.replaceAll("/", ".") };

const INPUT = [6, 5, 4];

/** A convolution, a grouped one, normalization, a residual link, an image flattened, a vector. */
function small(): Layer {
  return sequential({
    conv1: conv({ features: 4, size: [3, 2] }),
    norm1: batchNorm(),
    grouped: conv({ features: 8, size: 3, groups: 2, padding: 1, bias: false }),
    block: residual(conv({ features: 8, size: 1 }) as Layer),
    flatten: flatten(),
    drop: dropout(0.5),
    relu: relu(),
    fc: dense({ features: 6 }),
    norm: batchNorm(),
    logits: dense({ features: 3, bias: false }),
  }) as Layer;
}

/** Numbers that differ from place to place. */
function counted(shape: Shape, first = 0): HostTensor {
  return float32(Array.from({ length: sizeOf(shape) }, (_, i) => first + i), shape);
}

/** All tensors that PyTorch's `state_dict` of a model has, each number another. */
function stateDict(model: Layer, shape: Shape, layout = DOTTED): Map<string, HostTensor> {
  const lazy = toTorch(init(model, key(0), shape), shape, layout);
  return new Map(
    [...lazy].map(([name, tensor], i) => [
      name,
      tensor.dtype === "int64"
        ? { dtype: "int32", shape: [], values: new Int32Array([100]) }
        : counted(tensor.shape, 1000 * i),
    ]),
  );
}

async function numbers(tree: Tree): Promise<Map<string, number[]>> {
  const found = entries(tree).map(async ([path, leaf]) =>
    [path, [...await leaf.data()]] as [string, number[]]
  );
  return new Map(await Promise.all(found));
}

onEachBackend("a model that went to PyTorch and came back is the same to the bit", async () => {
  const model = small();
  const weights = init(model, key(5), INPUT);
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  await writeTorch(path, weights, INPUT, DOTTED, { made: "here" });
  await using file = await openSafetensors(path);
  assertEquals(file.metadata, { format: "pt", made: "here" });
  const back = await fromTorch(model, INPUT, file, DOTTED);
  for (const part of ["params", "state"] as const) {
    assertEquals(await numbers(back[part]), await numbers(weights[part]));
  }
  assertEquals(back.ignored, []);
  await Deno.remove(path);
});

onEachBackend("a tensor of more than a megabyte comes as it is", async () => {
  const model = sequential({ fc: dense({ features: 600, bias: false }) }) as Layer;
  const weight = counted([600, 500]);
  const source = tensorSource(new Map([["fc.weight", weight]]));
  const { params } = await fromTorch(model, [500], source, DOTTED);
  const kernel = leaves(params)[0]!;
  const expected = tf.transpose(tf.tensor2d(weight.values as Float32Array, [600, 500]));
  assertEquals(await kernel.data(), await expected.data());
});

onCpu("PyTorch's shapes are OIHW, and [out, in] of a dense layer", () => {
  const weights = init(small(), key(0), INPUT);
  const shapes = [...toTorch(weights, INPUT, DOTTED)].map(([name, { dtype, shape }]) =>
    `${name} ${dtype} [${shape}]`
  );
  assertEquals(shapes, [
    "conv1.weight float32 [4,4,3,2]",
    "conv1.bias float32 [4]",
    "norm1.weight float32 [4]",
    "norm1.bias float32 [4]",
    "norm1.running_mean float32 [4]",
    "norm1.num_batches_tracked int64 []",
    "norm1.running_var float32 [4]",
    "grouped.weight float32 [8,2,3,3]",
    "block.body.weight float32 [8,8,1,1]",
    "block.body.bias float32 [8]",
    "fc.weight float32 [6,128]",
    "fc.bias float32 [6]",
    "norm.weight float32 [6]",
    "norm.bias float32 [6]",
    "norm.running_mean float32 [6]",
    "norm.num_batches_tracked int64 []",
    "norm.running_var float32 [6]",
    "logits.weight float32 [3,6]",
  ]);
});

onCpu("each number of a kernel is at its output, input, row and column", async () => {
  const dict = stateDict(small(), INPUT);
  const { params, state } = await fromTorch(small(), INPUT, tensorSource(dict), DOTTED);
  const got = new Map([...await numbers(params), ...await numbers(state)]);
  const theirs = (name: string): HostTensor["values"] => dict.get(name)!.values;
  const conv1 = theirs("conv1.weight"); // [4, 4, 3, 2]
  const grouped = theirs("grouped.weight"); // [8, 2, 3, 3]
  const fc = theirs("fc.weight"); // [6, 8 · 4 · 4], in the order C, H, W
  let at = 0;
  each([3, 2, 4, 4], (h, w, i, o) => {
    assertEquals(got.get("conv1/kernel")![at++], conv1[((o * 4 + i) * 3 + h) * 2 + w]);
  });
  at = 0;
  each([3, 3, 2, 8], (h, w, i, o) => {
    assertEquals(got.get("grouped/kernel")![at++], grouped[((o * 2 + i) * 3 + h) * 3 + w]);
  });
  at = 0;
  each([4, 4, 8, 6], (h, w, c, o) => {
    assertEquals(got.get("fc/kernel")![at++], fc[o * 128 + (c * 4 + h) * 4 + w]);
  });
  at = 0;
  each([6, 3, 1, 1], (i, o) => {
    assertEquals(got.get("logits/kernel")![at++], theirs("logits.weight")[o * 6 + i]);
  });
  assertEquals(got.get("norm1/mean"), [...theirs("norm1.running_mean")]);
  assertEquals(got.get("norm1/variance"), [...theirs("norm1.running_var")]);
  assertEquals(got.get("norm1/scale"), [...theirs("norm1.weight")]);
  assertEquals(got.get("norm1/shift"), [...theirs("norm1.bias")]);
});

function each(
  [a, b, c, d]: readonly [number, number, number, number],
  look: (i: number, j: number, k: number, l: number) => void,
): void {
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < c; k++) for (let l = 0; l < d; l++) look(i, j, k, l);
    }
  }
}

onCpu(
  "a normalization between the flattened image and the dense layer is turned with it",
  async () => {
    const model = sequential({ flatten: flatten(), norm: batchNorm(), fc: dense({ features: 2 }) });
    const dict = stateDict(model as Layer, [2, 1, 3]);
    const { params } = await fromTorch(model as Layer, [2, 1, 3], tensorSource(dict), DOTTED);
    const first = dict.get("norm.weight")!.values[0]!;
    // PyTorch's are c0h0 c0h1 c1h0 …, ours h0c0 h0c1 h0c2 h1c0 ….
    const inOurs = [0, 2, 4, 1, 3, 5].map((i) => first + i);
    assertEquals((await numbers(params)).get("norm/scale"), inOurs);
  },
);

onCpu(
  "a dense layer may be read as a convolution, and is written as one if the layout says so",
  async () => {
    const model = sequential({
      flatten: flatten(),
      fc: dense({ features: 3 }),
      out: dense({ features: 2 }),
    });
    const dict = stateDict(model as Layer, [2, 4, 5]);
    const wanted = await fromTorch(model as Layer, [2, 4, 5], tensorSource(dict), DOTTED);
    const shaped = (name: string, shape: Shape): [string, HostTensor] => [
      name,
      { ...dict.get(name)!, shape },
    ];
    const asConv = new Map([
      ...dict,
      shaped("fc.weight", [3, 5, 2, 4]),
      shaped("out.weight", [2, 3, 1, 1]),
    ]);
    const layout: TorchLayout = { ...DOTTED, isConv: () => true };
    for (const names of [DOTTED, layout]) {
      for (const tensors of [dict, asConv]) {
        const got = await fromTorch(model as Layer, [2, 4, 5], tensorSource(tensors), names);
        assertEquals(await numbers(got.params), await numbers(wanted.params));
      }
    }
    const out = toTorch(wanted, [2, 4, 5], layout);
    assertEquals(out.get("fc.weight")!.shape, [3, 5, 2, 4]);
    assertEquals(out.get("out.weight")!.shape, [2, 3, 1, 1]);
    assertEquals(await out.get("fc.weight")!.values(), dict.get("fc.weight")!.values);
    const turned = new Map([...dict, shaped("fc.weight", [3, 2, 4, 5])]);
    const load = (): Promise<unknown> =>
      fromTorch(model as Layer, [2, 4, 5], tensorSource(turned), DOTTED);
    await assertRejects(load, TypeError, "fc.weight is [3, 2, 4, 5] instead of [3, 40]");
  },
);

onCpu(
  "counters and the prefixes of DataParallel and other wrappers may be there or not",
  async () => {
    const dict = stateDict(small(), INPUT);
    const wanted = await fromTorch(small(), INPUT, tensorSource(dict), DOTTED);
    const bare = new Map([...dict].filter(([name]) => !name.endsWith("num_batches_tracked")));
    assertEquals(dict.size - bare.size, 2);
    const prefixed = ["module.", "model.", "backbone.", "net.", "module.model.", "model.net."]
      .map((prefix) => new Map([...dict].map(([name, tensor]) => [prefix + name, tensor])));
    for (const tensors of [bare, ...prefixed]) {
      const got = await fromTorch(small(), INPUT, tensorSource(tensors), DOTTED);
      assertEquals(await numbers(got.params), await numbers(wanted.params));
      assertEquals(await numbers(got.state), await numbers(wanted.state));
    }
  },
);

onCpu("a layout that has such a name itself keeps it", async () => {
  const model = sequential({ fc: dense({ features: 2 }) }) as Layer;
  const layout: TorchLayout = { name: "own", module: (layer) => `model.${layer}` };
  const dict = stateDict(model, [3], layout);
  assertEquals([...dict.keys()], ["model.fc.weight", "model.fc.bias"]);
  const wanted = await fromTorch(model, [3], tensorSource(dict), layout);
  const wrapped = new Map([...dict].map(([name, tensor]) => [`module.${name}`, tensor]));
  const got = await fromTorch(model, [3], tensorSource(wrapped), layout);
  assertEquals(await numbers(got.params), await numbers(wanted.params));
});

onCpu("what does not fit is listed by PyTorch's keys, and no tensor is left", async () => {
  const dict = stateDict(small(), INPUT);
  dict.delete("conv1.bias");
  dict.set("extra.weight", counted([2]));
  dict.set("fc.weight", counted([6, 64]));
  const before = tf.memory().numTensors;
  const load = (): Promise<unknown> =>
    fromTorch(small(), INPUT, tensorSource(dict, "a.st"), DOTTED);
  const { message } = await assertRejects(load, TypeError);
  assertEquals(
    message,
    "Cannot load a.st: its tensors must be those of the model, got 16 tensors with " +
      "1 missing (conv1.bias [4]); 1 unexpected (extra.weight [2]); " +
      "1 of another shape (fc.weight is [6, 64] instead of [6, 128])",
  );
  assertEquals(tf.memory().numTensors, before);
});

onCpu("a tensor that cannot be read, or is not of floats, leaves no tensor behind", async () => {
  const whole = { dtype: "int32", shape: [3, 6], values: new Int32Array(18) } as const;
  const dict = stateDict(small(), INPUT).set("logits.weight", whole);
  const before = tf.memory().numTensors;
  const load = (): Promise<unknown> => fromTorch(small(), INPUT, tensorSource(dict), DOTTED);
  await assertRejects(load, TypeError, '"logits.weight" must be of floats, got int32');
  const failing = {
    ...tensorSource(dict),
    read: (): HostTensor => {
      throw new SyntaxError("cut");
    },
  };
  await assertRejects(() => fromTorch(small(), INPUT, failing, DOTTED), SyntaxError, "cut");
  assertEquals(tf.memory().numTensors, before);
});

onCpu("auxiliary heads that the model has not are left, and named", async () => {
  const dict = stateDict(small(), INPUT);
  dict.set("aux1.fc1.weight", counted([2])).set("AuxLogits.fc.bias", counted([2]));
  const { ignored } = await fromTorch(small(), INPUT, tensorSource(dict), DOTTED);
  assertEquals(ignored, ["aux1.fc1.weight", "AuxLogits.fc.bias"]);
  const withHead = sequential({ aux1: sequential({ fc1: dense({ features: 1 }) }) }) as Layer;
  const head = stateDict(withHead, [2]).set("aux1.fc2.bias", counted([1]));
  const load = (): Promise<unknown> => fromTorch(withHead, [2], tensorSource(head), DOTTED);
  await assertRejects(load, TypeError, "1 unexpected (aux1.fc2.bias [1])");
});

onCpu("weights of another model are not written", () => {
  const other = sequential({ ...{ conv1: conv({ features: 3, size: 3 }) } }) as Layer;
  const weights = init(other, key(0), INPUT);
  const write = (): Map<string, LazyTensor> =>
    toTorch({ ...weights, model: small() }, INPUT, DOTTED);
  assertThrows(
    write,
    TypeError,
    '"conv1/kernel" must be of shape [3,2,4,4], got [3,3,4,3]',
  );
  const none = { model: small(), params: {}, state: {} };
  assertThrows(() => toTorch(none, INPUT, DOTTED), TypeError, "got absent");
});

onCpu(
  "an order that cannot be known, a leaf or a layout that does not fit is refused",
  async () => {
    const source = tensorSource(new Map());
    const refused = async (model: unknown, shape: Shape, includes: string, layout = DOTTED) =>
      await assertRejects(
        () => fromTorch(model as Layer, shape, source, layout),
        TypeError,
        includes,
      );
    const branches = parallel({ a: flatten(), b: flatten() });
    const joined = sequential({ both: branches, fc: dense({ features: 1 }) });
    await refused(joined, [2, 2, 3], "the order of its 24 inputs must be known");
    const odd = {
      op: "odd",
      apply: () => {
        throw new Error("is not computed");
      },
      declare: (shape: Shape) => ({
        shape,
        params: { gain: { shape: [1], initializer: () => new Float32Array(1) } },
        state: {},
      }),
    };
    await refused(sequential({ odd } as never), [2], '"odd/gain"');
    const pair = sequential({ a: dense({ features: 2 }), b: dense({ features: 2 }) });
    await refused(pair, [2], 'fc.weight for "a/kernel" and "b/kernel"', {
      name: "one",
      module: () => "fc",
    });
  },
);

onCpu("images that are flattened alike and added keep their order", async () => {
  const both = parallel({ a: flatten(), b: flatten() }, "sum");
  const model = sequential({ both, fc: dense({ features: 1, bias: false }) }) as Layer;
  const dict = stateDict(model, [1, 2, 2]);
  const { params } = await fromTorch(model, [1, 2, 2], tensorSource(dict), DOTTED);
  assertEquals((await numbers(params)).get("fc/kernel"), [0, 2, 1, 3]);
  const pooled = sequential({ pool: globalMeanPool(), fc: dense({ features: 1, bias: false }) });
  const plain = stateDict(pooled as Layer, [2, 2, 3]);
  const loaded = await fromTorch(pooled as Layer, [2, 2, 3], tensorSource(plain), DOTTED);
  assertEquals([...(await numbers(loaded.params)).values()], [[0, 1, 2]]);
});

onCpu("a source in memory is not changed by what is done to the tensors", async () => {
  const bias = counted([2]);
  const source = tensorSource(new Map([["bias", bias]]));
  const read = await source.read("bias");
  read.values[0] = 7;
  assertEquals(bias.values[0], 0);
  assert(source.tensors.has("bias"));
  assertThrows(() => source.read("weight"), RangeError, "got weight");
});

onCpu(
  "a model without its classifier takes the rest of a file with extra: ignore",
  async () => {
    const whole = sequential({
      fc: dense({ features: 6 }),
      logits: dense({ features: 3 }),
    }) as Layer;
    const body = sequential({ fc: dense({ features: 6 }) }) as Layer;
    const source = tensorSource(stateDict(whole, [4]));
    await assertRejects(
      () => fromTorch(body, [4], source, DOTTED),
      TypeError,
      "2 unexpected (logits.weight",
    );
    const { params, ignored } = await fromTorch(body, [4], source, DOTTED, { extra: "ignore" });
    assertEquals([...ignored].sort(), ["logits.bias", "logits.weight"]);
    const all = await fromTorch(whole, [4], source, DOTTED);
    assertEquals(
      (await numbers(params)).get("fc/kernel"),
      (await numbers(all.params)).get("fc/kernel"),
    );
    const missing = tensorSource(new Map([["logits.bias", counted([3])]]));
    await assertRejects(
      () => fromTorch(body, [4], missing, DOTTED, { extra: "ignore" }),
      TypeError,
      "2 missing",
    );
  },
);

onCpu(
  "by default any network has names: its paths with dots, also of parameters of its own",
  async () => {
    const steep: Layer<{ readonly steep: Tensor }> = {
      op: "steep",
      declare: (shape) => ({
        shape,
        params: { steep: { shape: [2, 3, ...shape.slice(-1)], initializer: glorotNormal } },
        state: {},
      }),
      apply: (params, state, x) => [tf.mul(x, tf.mean(params.steep)), state],
    };
    const model = sequential({
      block: sequential({ conv: conv({ features: 3, size: 2 }), norm: batchNorm(), steep }),
      flatten: flatten(),
      logits: dense({ features: 2 }),
    });
    const network = init(model, key(0), [3, 4, 2]);
    const path = `${await Deno.makeTempDir()}/any.safetensors`;
    await writeTorch(path, network, [3, 4, 2]);
    await using file = await openSafetensors(path);
    assertEquals([...file.tensors.keys()].sort(), [
      "block.conv.bias",
      "block.conv.weight",
      "block.norm.bias",
      "block.norm.num_batches_tracked",
      "block.norm.running_mean",
      "block.norm.running_var",
      "block.norm.weight",
      "block.steep.steep",
      "logits.bias",
      "logits.weight",
    ]);
    assertEquals(file.tensors.get("block.steep.steep")!.shape, [2, 3, 3]);
    const read = await fromTorch(model, [3, 4, 2], file);
    for (const part of ["params", "state"] as const) {
      const [before, after] = [network[part], read[part]].map((tree) => entries(tree));
      assertEquals(after!.map(([at]) => at), before!.map(([at]) => at));
      for (const [i, [, leaf]] of before!.entries()) {
        assertEquals(await after![i]![1].array(), await leaf.array());
      }
    }
    // A layer alone has names without a module.
    const alone = toTorch(init(dense({ features: 2 }), key(0), [3]), [3]);
    assertEquals([...alone.keys()], ["weight", "bias"]);
  },
);
