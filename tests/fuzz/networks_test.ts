// A part of `deno task test:fuzz` in the gate: some random networks, and that a wrong number is found.
import { assert, assertEquals } from "@std/assert";
import { fold, key } from "../../mod.ts";
import { onCpu } from "../backends.ts";
import { gpuTest } from "../device/adapter.ts";
import { runNetworks } from "./networks/campaign.ts";
import { dataOf } from "./networks/data.ts";
import { type Case, drawCase } from "./networks/draw_network.ts";
import { judge } from "./networks/judge.ts";
import { shrink } from "./networks/shrink.ts";
import { codeOf, layerOf, OPS, opsOf } from "./networks/spec.ts";
import { compute, SUBJECTS } from "./networks/subjects.ts";

gpuTest("six random networks are the same on every backend, eager and recorded", async () => {
  const { faults, graphs } = await runNetworks({
    seed: 4,
    start: 0,
    graphs: 6,
    subjects: SUBJECTS,
  });
  assertEquals(faults, []);
  assert(graphs >= 5, `compared ${graphs}`);
});

Deno.test("a hundred random networks have the reference's numbers on the CPU backend", async () => {
  const options = { seed: 5, start: 0, graphs: 100, subjects: ["cpu"] } as const;
  const { faults, graphs, layers } = await runNetworks(options);
  assertEquals(faults, []);
  assert(graphs >= 90, `compared ${graphs}`);
  assert(Object.keys(layers).length >= 20, `layers ${Object.keys(layers)}`);
});

onCpu("each layer is drawn, and printed as the code that makes it", () => {
  const cases = Array.from({ length: 300 }, (_, i) => drawCase(fold(key(6), i)));
  const drawn = new Set(cases.flatMap(({ model }) => opsOf(model)));
  assertEquals(OPS.filter((op) => !drawn.has(op)), []);
  const spec = {
    op: "sequential",
    children: { a: { op: "conv", args: [{ features: 2, size: [1, 3] }] }, b: { op: "relu" } },
  };
  const code = "sequential({ a: conv({features: 2,size: [1,3]}), b: relu() })";
  assertEquals(codeOf(spec), code);
  assertEquals(layerOf(spec).declare([4, 4, 1]).shape, [4, 2, 2]);
});

/** A network of a dense layer, whose numbers are good to some last places. */
const DENSE: Case = {
  model: { op: "sequential", children: { d: { op: "dense", args: [{ features: 3 }] } } },
  shape: [4],
  batch: 2,
  training: true,
  loss: "weighted",
  optimizer: { kind: "adam", rate: 0.01, options: {} },
  coarse: false,
  onHost: false,
  steps: 3,
  seed: 1,
};

onCpu("a number that is wrong in its fourth digit is found, wherever it is", async () => {
  const data = dataOf(DENSE);
  const right = await compute(DENSE, data, "cpu");
  assertEquals(judge(DENSE, data, right).faults, []);
  for (const part of ["y", "x", "loss"] as const) {
    const steps = right.steps.map((step, i) =>
      i === 1 ? { ...step, [part]: bent(step[part]) } : step
    );
    assertEquals(judge(DENSE, data, { steps }).faults.length, 1, part);
  }
  for (const part of ["grads", "params"] as const) {
    const steps = right.steps.map((step, i) => {
      if (i !== 2) return step;
      return {
        ...step,
        [part]: new Map([...step[part]].map(([path, values]) => [path, bent(values)])),
      };
    });
    assert(judge(DENSE, data, { steps }).faults.length >= 1, part);
  }
});

/** The same numbers, the first of which is wrong in its fourth digit. */
function bent(values: Float32Array): Float32Array {
  return values.map((value, i) => i === 0 ? value + 2e-4 * Math.max(1, Math.abs(value)) : value);
}

onCpu("a failing network shrinks to the layer that fails", async () => {
  const failing = Array.from({ length: 100 }, (_, i) => drawCase(fold(key(7), i)))
    .find(({ model }) => opsOf(model).includes("maxPool") && opsOf(model).length > 6)!;
  const smallest = await shrink(
    failing,
    ({ model }) => Promise.resolve(opsOf(model).includes("maxPool")),
  );
  assertEquals(opsOf(smallest.model), ["maxPool"]);
  assertEquals([smallest.batch, smallest.steps, smallest.loss], [1, 1, "weighted"]);
});
