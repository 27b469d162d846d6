// The bench, as far as it does not depend on the machine's pace: sums, flags, tables and charts.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { countParameters } from "../../lib/layers/layer.ts";
import { charts, onePicture } from "../../tasks/bench/charts.ts";
import type { OpLine } from "../../tasks/bench/jobs/job.ts";
import { callsPerSample, sample, summarize } from "../../tasks/bench/measure.ts";
import { growthOf, slope, slopesText } from "../../tasks/bench/growth.ts";
import { firstBatch, firstParameters } from "../../tasks/bench/beginning.ts";
import { networkOf } from "../../tasks/bench/networks.ts";
import { modelOf } from "../../tasks/bench/peers/neocog.ts";
import { floorOf, flopsOf } from "../../tasks/bench/floors.ts";
import { byOperation, profileText } from "../../tasks/bench/profile.ts";
import { type BenchRecord, difference, opRows, type TimeRow } from "../../tasks/bench/record.ts";
import { report } from "../../tasks/bench/report.ts";
import { type BenchFlags, benchSettings, SECTIONS } from "../../tasks/bench/settings.ts";
import { shareBlock } from "../../tasks/bench/share.ts";
import { kernelFiles, kernelName } from "../../tasks/bench/wgsl.ts";
import { UsageError } from "../../tasks/command.ts";

const NO_FLAGS: BenchFlags = {
  quick: false,
  full: false,
  only: undefined,
  models: undefined,
  "batch-sizes": undefined,
  peers: undefined,
  ops: undefined,
  rounds: undefined,
  steps: undefined,
};

Deno.test("samples are summed up by median, quartiles and extremes", () => {
  assertEquals(summarize([4, 1, 3, 2, 5]), {
    median: 3,
    q1: 2,
    q3: 4,
    least: 1,
    most: 5,
    samples: 5,
  });
  const even = summarize([10, 20]);
  assertEquals([even.median, even.q1, even.q3], [15, 12.5, 17.5]);
  assertThrows(() => summarize([]), RangeError, "got none");
});

Deno.test("short calls are repeated until a sample is long, long ones are not", () => {
  assertEquals(callsPerSample(1000, 100), 1);
  assertEquals(callsPerSample(10, 100), 10);
  assertEquals(callsPerSample(0, 100), 200);
});

/** A function that takes so many milliseconds per call, by a clock of its own. */
function timedCalls(ms: number): {
  readonly asked: number[];
  readonly run: (times: number) => Promise<void>;
  readonly now: () => number;
} {
  const asked: number[] = [];
  let time = 0;
  const run = (times: number): Promise<void> => {
    asked.push(times);
    // The first call compiles.
    time += ms * times + (asked.length === 1 ? 100 : 0);
    return Promise.resolve();
  };
  return { asked, run, now: () => time };
}

Deno.test("a sample's time is that of one call", async () => {
  const { asked, run, now } = timedCalls(5);
  assertEquals(await sample(run, 2, 20, now), { times: [5, 5], first: 105, single: 5 });
  assertEquals(asked, [1, 1, 4, 4]);
});

Deno.test("a call that takes very long is timed once", async () => {
  const { asked, run, now } = timedCalls(50);
  assertEquals(await sample(run, 5, 1, now), { times: [50], first: 150, single: 50 });
  assertEquals(asked, [1, 1]);
});

Deno.test("unknown names in flags are refused with the nearest name", () => {
  const refused = (flags: Partial<BenchFlags>, message: string): void => {
    assertThrows(() => benchSettings({ ...NO_FLAGS, ...flags }), UsageError, message);
  };
  refused({ only: "trainin" }, "training");
  refused({ only: "," }, "it must be of startup");
  refused({ peers: "jax-wgpu" }, "jax-webgpu");
  refused({ models: "vgg16" }, "got vgg16");
  refused({ models: "resnet21" }, "got resnet21");
  refused({ "batch-sizes": "1,0" }, "got 0");
  refused({ "batch-sizes": "1.5" }, "got 1.5");
});

Deno.test("flags select, and their defaults depend on --quick", () => {
  const standard = benchSettings(NO_FLAGS);
  assertEquals(standard.only, SECTIONS.filter((name) => name !== "agreement"));
  assertEquals([standard.batchSizes, standard.peers.includes("jax-wasm")], [[32], false]);
  assertLess(standard.limit, 300_000);
  const whole = benchSettings({ ...NO_FLAGS, full: true });
  assertEquals([whole.only, whole.limit], [SECTIONS, Infinity]);
  assertEquals([whole.batchSizes, whole.peers.length, whole.ops], [[1, 32, 128], 9, []]);
  // Who asks for a part wants all of it.
  assertEquals(benchSettings({ ...NO_FLAGS, only: "zoo" }).zoo, whole.zoo);
  assertThrows(() => benchSettings({ ...NO_FLAGS, full: true, quick: true }), UsageError, "--full");
  const alone = { ...NO_FLAGS, model: "./net.ts" };
  assertThrows(() => benchSettings(alone), UsageError, "--model ./net.ts without --profile");
  benchSettings({ ...alone, profile: true, forward: true });
  assertThrows(
    () => benchSettings({ ...NO_FLAGS, forward: true }),
    UsageError,
    "without --profile",
  );
  const quick = benchSettings({ ...NO_FLAGS, quick: true, rounds: 2, only: "growth,ops" });
  assertEquals([quick.batchSizes, quick.rounds, quick.only], [[32], 2, ["ops", "growth"]]);
  assertLess(quick.limit, 180_000);
  const zoo = benchSettings({ ...NO_FLAGS, only: "zoo", models: "vgg16,alexnet" });
  assertEquals([zoo.only, zoo.zoo], [["zoo"], ["alexnet", "vgg16"]]);
  assertThrows(
    () => benchSettings({ ...NO_FLAGS, only: "zoo", models: "vgg15" }),
    UsageError,
    "vgg11",
  );
});

Deno.test("the bench's networks have the parameters of neocog's models, in their order", () => {
  for (const model of ["lenet5", "chapter-mnist", "resnet20", "resnet32", "resnet20x2"]) {
    const network = networkOf(model);
    const { parameters, state } = firstParameters(network);
    const count = (list: typeof parameters): number =>
      list.reduce((sum, { values }) => sum + values.length, 0);
    const declared = modelOf(network).declare(network.inputShape);
    assertEquals(count(parameters), countParameters(declared.params), model);
    assertEquals(count(state), countParameters(declared.state), model);
    assertEquals(firstParameters(network), { parameters, state });
  }
  const { images, labels } = firstBatch(networkOf("lenet5"), 3);
  assertEquals([images.length, labels.length], [3 * 784, 30]);
  assertEquals(labels.slice(10, 13), new Float32Array([0, 1, 0]));
});

Deno.test("peers are compared by their largest difference", () => {
  assertAlmostEquals(difference([1, 100], [1.5, 100]), 0.5);
  assertAlmostEquals(difference([100], [101]), 0.01);
  assertEquals(difference([1], [1, 2]), Infinity);
  assertEquals(difference([1], [NaN]), Infinity);
});

function op(kind: string, flops: number, times: number[]): OpLine {
  return { op: kind, kind, shape: "[1]", flops, bytes: 1e6, times };
}

Deno.test("operations are shares of the best matrix product, not of another operation", () => {
  const rows = opRows(
    [op("dense forward", 4e9, [100, 100]), op("conv forward", 2e9, [10])],
    true,
  );
  assertEquals(rows.map(({ gflops, share }) => [gflops, share]), [[40, 1], [200, 5]]);
  assertEquals(opRows([op("conv forward", 2e9, [])], true)[0]!.gflops, undefined);
});

Deno.test("an operation is limited by what takes it longest; on software adapters by all of it", () => {
  const lines = [
    { ...op("copy in fours", 0, [10]), bytes: 8e6 },
    { ...op("copy one by one", 0, [10]), bytes: 8e5 },
    { ...op("dispatch", 0, [1]), bytes: 16, dispatches: 1 },
    { ...op("dense forward", 4e8, [10, 30, 30]) },
    { ...op("conv forward", 4e8, [20, 50]), bytes: 8e6 },
    { ...op("conv forward", 4e7, [40]), bytes: 8e6 },
    { ...op("conv forward", 4e7, [40]), bytes: 8e6, stores: 2e5 },
    { ...op("small", 0, [40]), bytes: 0, dispatches: 4 },
  ];
  const limitsOf = (software: boolean) =>
    opRows(lines, software).slice(4).map(({ limit, ofLimit }) => [limit, ofLimit]);
  assertEquals(limitsOf(false), [
    ["multiplications", 0.5],
    ["bytes", 0.25],
    ["stores", 0.5],
    ["dispatches", 0.1],
  ]);
  assertEquals(limitsOf(true), [
    ["multiplications", 1],
    ["bytes", 0.275],
    ["stores", 0.525],
    ["dispatches", 0.1],
  ]);
  assertEquals(opRows([op("relu", 1, [1])], true)[0]!.limit, undefined);
  // A copy that the host made says nothing of dispatches.
  const host = { ...op("dispatch", 0, [1]), bytes: 16, dispatches: 0 };
  assertEquals(opRows([host, lines.at(-1)!], true)[1]!.limit, undefined);
});

Deno.test("a profile is listed in order of execution and summed up by operation", () => {
  const entries = [
    { operation: "Conv", shapes: [[1, 2], [3]], milliseconds: 1 },
    { operation: "Relu", shapes: [[3]], milliseconds: 6 },
    { operation: "Conv", shapes: [[4]], milliseconds: 3 },
  ];
  assertEquals(
    byOperation(entries).map(({ operation, count, milliseconds }) => [
      operation,
      count,
      milliseconds,
    ]),
    [["Relu", 1, 6], ["Conv", 2, 4]],
  );
  const text = profileText("a step", entries);
  assertMatch(text, /1 +Conv +\[1,2\] \[3\] +1\.000 +10\.0 %/);
  assertMatch(text, /Conv +2 +4\.000 +40\.0 %/);
  const untimed = profileText("a step", [{ ...entries[0]!, milliseconds: null }]);
  assertStringIncludes(untimed, "no timestamp queries");
});

Deno.test("floors of dispatches are by multiplications, bytes and launches, as of operations", () => {
  const flops = (operation: string, ...shapes: number[][]): number =>
    flopsOf({ operation, shapes, milliseconds: 1 });
  const convolution = 2 * 7 * 5 * 9 * 8 * 16;
  const [y, x, w] = [[1, 7, 5, 16], [1, 7, 5, 8], [3, 3, 8, 16]] as const;
  assertEquals(flops("Conv2D+Normalize+Relu", [...y], [...x], [...w], [16]), convolution);
  assertEquals(flops("Conv2D", [4, ...y], [...x], [...w]), convolution); // in four pieces
  assertEquals(flops("Conv2D+Concat", [1, 7, 5, 48], [...x], [...w]), convolution);
  assertEquals(flops("Conv2DBackpropInput", [...x], [...y], [...w]), convolution);
  assertEquals(flops("Conv2DBackpropFilter", [...w], [...x], [...y]), convolution);
  assertEquals(flops("Conv2DBackpropFilter", [2, ...w], [...x], [...y]), convolution);
  assertEquals(flops("DepthwiseConv2D+relu6", [...x], [...x], [3, 3, 1, 8]), 2 * 35 * 9 * 8);
  assertEquals(flops("BatchMatMul", [6, 5], [6, 7], [7, 5]), 2 * 6 * 7 * 5);
  assertEquals(flops("BatchMatMul", [3, 6, 5], [7, 6], [5, 7]), 2 * 6 * 7 * 5); // in three pieces
  assertEquals(flops("BatchMatMul", [4, 6, 5], [4, 6, 7], [4, 7, 5]), 2 * 4 * 6 * 7 * 5);
  assertEquals(flops("Conv2DSum", [...y], [4, ...y], [16]), 0);
  const rates = { limits: { multiplications: 1000, bytes: 10, dispatches: 2 }, software: false };
  const entry = { operation: "MaxPool", shapes: [[5], [20]], milliseconds: 20 };
  assertEquals(floorOf(entry, rates), { milliseconds: 10, name: "bytes" });
  const product = { operation: "BatchMatMul", shapes: [[10, 10], [10, 10], [10, 10]] };
  const floor = (software: boolean) =>
    floorOf({ ...product, milliseconds: 4 }, {
      limits: { ...rates.limits, bytes: 2000 },
      software,
    });
  assertEquals(floor(false), { milliseconds: 2, name: "multiplications" });
  assertEquals(floor(true), { milliseconds: 2 + 0.6 + 0.5, name: "multiplications" });
  const text = profileText("a pass", [entry], rates);
  assertMatch(text, /MaxPool +\[5\] \[20\] +20\.000 +100\.0 % +10\.000 +50\.0 % b/);
  assertMatch(text, /at least 10\.0 ms/);
});

const row: TimeRow = {
  kind: "training",
  model: "lenet5",
  batchSize: 32,
  peer: "neocog-jit",
  times: [10, 20],
  first: [100],
  single: [21],
  check: [2.5],
  milliseconds: summarize([10, 20]),
};

const record: BenchRecord = {
  command: "deno task bench",
  date: "2025-01-01T00:00:00Z",
  machine: { os: "linux", arch: "x86_64", cpus: 2, memoryBytes: 1, load: [0, 0, 0] },
  adapter: "an adapter",
  software: true,
  versions: { deno: "2" },
  settings: benchSettings(NO_FLAGS),
  times: [
    row,
    { ...row, peer: "jax-webgpu", milliseconds: summarize([75]), check: [2.6] },
    {
      ...row,
      peer: "tfjs-cpu",
      times: [],
      milliseconds: undefined,
      reason: "it broke",
      check: undefined,
    },
  ] as TimeRow[],
  agreement: [],
  cost: [],
  startup: [],
  growth: [{ ...row, model: "resnet20", batchSize: 8 }, {
    ...row,
    model: "resnet32",
    batchSize: 8,
  }],
  ops: opRows([op("dense forward", 4e9, [100])], true),
  zooPeers: [
    { peer: "torch-cpu", lines: [{ model: "vgg11", forwardMs: 250, stepMs: 2000 }] },
    { peer: "onnxruntime-cpu", lines: [], reason: "absent: no package onnxruntime" },
  ],
  zoo: [{
    model: "vgg11",
    parameters: 132863336,
    flops: 15e9,
    inputShape: [224, 224, 3],
    forwardMs: 500,
    stepMs: 4000,
    losses: [7, 5, 2],
    allocatedBytes: 2 ** 31,
    rss: 2 ** 31,
  }, { model: "vgg13", reason: "it broke" }],
  finished: false,
};

Deno.test("the report has factors and reasons for missing figures, and warns of different numbers", () => {
  const text = report(record);
  assertMatch(
    text,
    /vgg11 +224×224×3 +132,863,336 +15\.0 +500 +30\.0 +4000 +2048 +7\.000 → 2\.000/,
  );
  assertMatch(text, /vgg13 +it broke/);
  assertMatch(text, /lenet5 +32 +jax-js, webgpu +75\.0 .*5\.00×/);
  assertStringIncludes(text, "tfjs-layers, plain JS: it broke");
  assertStringIncludes(text, "WARNING: training of lenet5 in jax-js, webgpu");
  assertStringIncludes(text, "interrupted");
  assertMatch(text, /vgg11 +500 +4000 +250 +2\.00× +2000 +2\.00×/);
  assertStringIncludes(text, "— ONNX Runtime, CPU: absent: no package onnxruntime");
  assertStringIncludes(text, "a layer more 0.00 ms at batch 8");
});

Deno.test("the block to share has machine, versions, steps and operations, and nothing else", () => {
  const block = shareBlock(record);
  assert(block.startsWith("```text\ndeno task bench\nan adapter; 2 cores, linux x86_64\ndeno 2\n"));
  assertMatch(block, /step lenet5, 32 +jax-js, webgpu +75\.0 ms/);
  assertMatch(block, /dense forward +\[1\] +100 ms +40\.0 GFLOP\/s +0\.0100 GB\/s/);
  assert(block.endsWith("\n```"));
});

Deno.test("growth is told apart by batch, depth and width, with slopes", () => {
  const point = (model: string, batchSize: number, ms: number): TimeRow => ({
    ...row,
    model,
    batchSize,
    milliseconds: summarize([ms]),
    rss: 2 ** 20 * (100 + 3 * batchSize),
  });
  const rows = [
    point("resnet20", 1, 12),
    point("resnet20", 8, 26),
    point("resnet20", 32, 74),
    point("resnet32", 8, 38),
    point("resnet20x4", 8, 26 * 8),
  ];
  const { batches, depths, widths, at } = growthOf(rows);
  assertEquals(batches.map(({ x }) => x), [1, 8, 32]);
  assertEquals([depths.map(({ x }) => x), widths.map(({ x }) => x), at], [[20, 32], [1, 4], 8]);
  assertEquals(
    slopesText(rows),
    "an image more takes 2.00 ms, and 3.00 MiB, a layer more 1.00 ms at batch 8, time grows as width to the 1.50",
  );
  assertEquals(slope([[1, 1]]), undefined);
});

Deno.test("charts are drawn only if there are figures for them", async () => {
  const drawn = await charts(record);
  assertEquals([...drawn.keys()], ["training.svg", "ops.svg", "growth.svg"]);
  assertStringIncludes(drawn.get("training.svg")!, "jax-js, webgpu");
  assertStringIncludes(drawn.get("growth.svg")!, "layers, at batch 8");
  assert(drawn.get("ops.svg")!.startsWith("<svg"));
  const height = (svg: string): number => Number(/height="([\d.]+)"/.exec(svg)![1]);
  const all = onePicture([...drawn.values()]);
  assertEquals(height(all), [...drawn.values()].reduce((sum, svg) => sum + height(svg), 0));
});

Deno.test("kernels' files are named after the operation and its shape", () => {
  assertEquals(
    kernelName("conv forward", "chapter conv2: 32×26×26×32 by 3×3 to 64"),
    "conv-forward-chapter-conv2",
  );
  assertEquals(kernelName("dense forward", "square 1024: 1024×1024×1024"), "matmul-1024");
  assertEquals(kernelName("max pool 2×2", "[32,24,24,64]"), "max-pool-2x2-32x24x24x64");
  assertEquals(kernelFiles("relu", ["Relu", "Sum", "ReluGrad"]), [
    "relu.wgsl",
    "relu-2-sum.wgsl",
    "relu-3-relugrad.wgsl",
  ]);
});
