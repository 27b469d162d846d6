// Logs beside a run: they say what the run did, and change nothing of it.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fit, type FitOptions, key, snapshot, type Training } from "../../mod.ts";
import { layerLog, liveLog, tensorBoard } from "../../lib/train/callbacks/mod.ts";
import { onCpu } from "../backends.ts";
import { toyExamples, toyModel } from "./toy.ts";

const examples = toyExamples(24);

async function trained(options: FitOptions): Promise<Training> {
  let last: Training | undefined;
  const run = fit(toyModel(), examples, { batchSize: 6, key: key(3), ...options });
  for await (const { network } of run) last = network as Training;
  return last!;
}

type Line = Record<string, unknown>;
const linesOf = async (file: string): Promise<Line[]> =>
  (await Deno.readTextFile(file)).trimEnd().split("\n").map((line) => JSON.parse(line));

onCpu("logs say what a run did; its numbers and its checkpoint are as without them", async () => {
  const dir = await Deno.makeTempDir();
  const live = `${dir}/live.jsonl`;
  const layers = `${dir}/layers.jsonl`;
  const callbacks = [
    liveLog(live, { batchSize: 6, epochs: 2, classNames: examples.classNames }),
    layerLog(layers, examples),
    tensorBoard(dir, { probe: examples, validation: examples }),
  ];
  const with_ = await trained({ epochs: 2, callbacks, validation: examples });
  const without = await trained({ epochs: 2, validation: examples });
  assertEquals(await snapshot(with_), await snapshot(without));
  const lines = await linesOf(live);
  assertEquals([...new Set(lines.map(({ kind }) => kind))], ["begin", "step", "epoch", "end"]);
  const { epochs, batchSize, classNames } = lines[0]!;
  assertEquals([epochs, batchSize, classNames], [2, 6, [...examples.classNames]]);
  // The last step of an epoch is always there.
  const steps = lines.filter(({ kind }) => kind === "step");
  assert(steps.some(({ step }) => step === 4) && steps.some(({ step }) => step === 8));
  const epoch = lines.findLast(({ kind }) => kind === "epoch")!;
  const counts = (epoch.confusion as number[][]).flat();
  assertEquals([epoch.epoch, counts.reduce((sum, one) => sum + one, 0)], [2, 24]);
  const found = await linesOf(layers);
  assertEquals(found.map(({ epoch }) => epoch), [1, 2]);
  assertEquals((found[1]!.layers as Line[]).map(({ path }) => path), [
    "conv",
    "norm",
    "relu",
    "pool",
    "dropout",
    "flatten",
    "logits",
  ]);
  // A resumed run adds to the file.
  await trained({ epochs: 3, callbacks: [liveLog(live)], from: with_ });
  const more = await linesOf(live);
  assertEquals(more.length > lines.length && more[lines.length]!.kind, "begin");
  assertEquals([more[lines.length]!.epoch, more[lines.length]!.step], [2, 8]);
  await Deno.remove(dir, { recursive: true });
});

onCpu("a log that cannot be written is named", async () => {
  const callbacks = [liveLog("/nowhere/at/all/live.jsonl")];
  await assertRejects(
    () => trained({ epochs: 1, callbacks }),
    Error,
    "Cannot write /nowhere/at/all/live.jsonl",
  );
});
