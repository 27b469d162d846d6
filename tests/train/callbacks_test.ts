// What is done beside a run: it ends when it should, keeps what it should, and resumes as if it had not stopped.
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  adam,
  type Checkpoint,
  entries,
  type EpochReport,
  fit,
  type FitOptions,
  key,
  leaves,
  readCheckpoint,
  restoreTraining,
  snapshot,
  tf,
  type Training,
} from "../../mod.ts";
import {
  type Callback,
  checkpoints,
  type CheckpointsOptions,
  csvLog,
  earlyStopping,
  type EarlyStoppingOptions,
  jsonLines,
  type MonitoredMetric,
  timeLimit,
} from "../../lib/train/callbacks/mod.ts";
import { epochRecord, historyCsv } from "../../lib/train/report/history.ts";
import { keptWeights } from "../../lib/train/callbacks/kept_weights.ts";
import { parseCheckpoint, serializeCheckpoint } from "../../lib/weights/checkpoint.ts";
import { onCpu } from "../backends.ts";
import { toyExamples, toyModel } from "./toy.ts";

const train = toyExamples(48);
const validation = toyExamples(24, 1);
const optimizer = (): ReturnType<typeof adam> => adam({ learningRate: 0.02 });

/** The numbers of a run's weights, by path. */
async function numbers(training: Training): Promise<unknown> {
  return [...await keptWeights(training)].map(([path, { values }]) => [path, ...values]);
}

type Run = {
  readonly reports: EpochReport[];
  readonly weights: unknown[];
  readonly last: Training;
};

async function run(more: FitOptions = {}): Promise<Run> {
  const reports: EpochReport[] = [];
  const weights: unknown[] = [];
  const options = { validation, optimizer: optimizer(), epochs: 8, batchSize: 16, key: key(3) };
  for await (const report of fit(toyModel(), train, { ...options, ...more })) {
    reports.push(report);
    weights.push(await numbers(report.network));
  }
  return { reports, weights, last: reports.at(-1)!.network };
}

function free({ params, state, optimizer }: Training): void {
  tf.dispose([params, state, optimizer].flatMap(leaves));
}

/** Gives the epochs other validation losses: what early stopping does must not depend on luck. */
function pretend(callback: Callback, losses: readonly number[]): Callback {
  const { onEpoch } = callback;
  return {
    ...callback,
    onEpoch: (report, memory) =>
      onEpoch!({ ...report, valLoss: losses[report.epoch - 1]! }, memory),
  };
}

const LOSSES = [5, 4, 3, 3.5, 3.2, 3, 2, 1];

onCpu(
  "early stopping ends the run in its epoch and puts back the best weights to the bit",
  async () => {
    const plain = await run();
    const before = tf.memory().numTensors;
    const stopping = pretend(earlyStopping({ patience: 3 }), LOSSES);
    const stopped = await run({ callbacks: [stopping] });
    // Best in the third; the sixth is as good, which is no improvement.
    assertEquals(stopped.reports.length, 6);
    assertEquals(
      stopped.reports.slice(0, 5).map((report) => report.stopped),
      Array(5).fill(undefined),
    );
    assertEquals(
      stopped.reports[5]!.stopped,
      "earlyStopping: valLoss has not improved for 3 epochs, best in epoch 3",
    );
    assertEquals(stopped.weights.slice(0, 5), plain.weights.slice(0, 5));
    assertEquals(stopped.weights[5], plain.weights[2]);
    free(stopped.last);
    assertEquals(tf.memory().numTensors, before);
  },
);

onCpu(
  "epochs that are done first end with the best weights too, unless that is not wanted",
  async () => {
    const plain = await run({ epochs: 4 });
    const stopping = (more: EarlyStoppingOptions = {}): Callback[] => [
      pretend(earlyStopping({ patience: 9, ...more }), LOSSES),
    ];
    const restored = await run({ epochs: 4, callbacks: stopping() });
    assertEquals([restored.reports.length, restored.reports[3]!.stopped], [4, undefined]);
    assertEquals(restored.weights[3], plain.weights[2]);
    const left = await run({ epochs: 4, callbacks: stopping({ restoreBest: false }) });
    assertEquals(left.weights[3], plain.weights[3]);
    const last = await run({ epochs: 3, callbacks: stopping() });
    assertEquals(last.weights[2], plain.weights[2]);
  },
);

onCpu("an improvement is more than minDelta, upwards if more is better", async () => {
  const ends = async (
    options: EarlyStoppingOptions,
    values: readonly number[],
  ): Promise<number> => {
    const callback = earlyStopping(options);
    const told: Callback = {
      ...callback,
      onEpoch: (report, memory) =>
        callback.onEpoch!({ ...report, [options.monitor!]: values[report.epoch - 1]! }, memory),
    };
    return (await run({ callbacks: [told] })).reports.length;
  };
  const falling = [8, 7, 6.9, 6.8, 6.7, 5, 4, 3];
  assertEquals(await ends({ monitor: "loss", patience: 2 }, falling), 8);
  assertEquals(await ends({ monitor: "loss", patience: 2, minDelta: 0.5 }, falling), 4);
  assertEquals(await ends({ monitor: "valAccuracy", patience: 2 }, falling), 3);
  assertEquals(await ends({ monitor: "accuracy", patience: 1 }, falling.toReversed()), 8);
});

function throughDisk(checkpoint: Checkpoint): Checkpoint {
  return parseCheckpoint(serializeCheckpoint(checkpoint), "test");
}

async function restored(training: Training): Promise<Training> {
  const checkpoint = throughDisk(await snapshot(training));
  return restoreTraining(toyModel(), optimizer(), [8, 8, 1], checkpoint, "test");
}

onCpu("a run interrupted anywhere resumes to the same numbers, with its callbacks", async () => {
  const callbacks = (): Callback[] => [pretend(earlyStopping({ patience: 3 }), LOSSES)];
  const whole = await run({ callbacks: callbacks() });
  for (const cutAt of [2, 10, 14]) {
    const stop = new AbortController();
    const onStep = ({ step }: { step: number }): void => void (step === cutAt && stop.abort());
    const cut = await run({ callbacks: callbacks(), signal: stop.signal, onStep });
    assertLess(cut.last.progress.step, whole.last.progress.step);
    const rest = await run({ callbacks: callbacks(), from: await restored(cut.last) });
    assertEquals(rest.reports.at(-1)!.epoch, 6);
    assertEquals(rest.weights.at(-1), whole.weights[5]);
    assertEquals(rest.last.callbacks, whole.last.callbacks);
  }
});

onCpu("a finished run resumes from its last weights, not from its best", async () => {
  const callbacks = (): Callback[] => [pretend(earlyStopping({ patience: 9 }), LOSSES)];
  const whole = await run({ callbacks: callbacks(), epochs: 6 });
  const half = await run({ callbacks: callbacks(), epochs: 4 });
  const plain = await run({ epochs: 6 });
  const rest = await run({ callbacks: callbacks(), epochs: 6, from: await restored(half.last) });
  assertEquals(rest.weights[0], plain.weights[4]);
  assertEquals(rest.weights[1], whole.weights[5]);
});

onCpu("a time that is over ends the run after a step, and counts what was before", async () => {
  const { reports, last } = await run({ callbacks: [timeLimit(1e-6)] });
  const { complete, stopped } = reports[0]!;
  // A step is known to be done one step later.
  assertEquals([reports.length, complete, last.progress.step], [1, false, 2]);
  assertEquals(stopped, "timeLimit: 0.000001 seconds are over");
  const spent = last.callbacks!.timeLimit!.state as { seconds: number };
  assertGreater(spent.seconds, 0);
  const from = await restored(last);
  const again = await run({ from, callbacks: [timeLimit(spent.seconds)] });
  assertEquals(again.reports.length, 1);
  const long = await run({ callbacks: [timeLimit(1e6)], epochs: 2 });
  assertEquals(long.reports.map((report) => report.stopped), [undefined, undefined]);
});

onCpu("an epoch that is cut after the best one does not keep its steps", async () => {
  const plain = await run({ epochs: 1 });
  const limit: Callback = {
    name: "afterFour",
    onStep: ({ step }) => step === 4 ? { stop: "enough" } : undefined,
  };
  const cut = await run({ callbacks: [earlyStopping({ monitor: "valLoss" }), limit] });
  assertEquals([cut.reports.length, cut.last.progress.step], [2, 5]);
  assertEquals(cut.reports[1]!.stopped, "enough");
  assertEquals(cut.weights[1], plain.weights[0]);
});

/** The names of a directory's files, in order. */
function files(dir: string): string[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
}

async function inDirectory(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

onCpu("the last, the best and the best few are kept, and resume to the same numbers", async () => {
  await inDirectory(async (dir) => {
    const about = ({ epoch }: EpochReport): { said: string } => ({ said: `epoch ${epoch}` });
    const save = (): Callback => pretend(checkpoints({ dir, top: 2, about }), LOSSES);
    const plain = await run();
    const epochOf = async (name: string): Promise<unknown> => {
      const { run, sections } = await readCheckpoint(`${dir}/${name}.safetensors`);
      const { said, progress } = run as { said: string; progress: { epoch: number } };
      assertEquals(said, `epoch ${progress.epoch}`);
      const kernel = (plain.weights[progress.epoch - 1] as [string, ...number[]][])
        .find(([path]) => path === "params/conv/kernel")!.slice(1);
      assertEquals([...sections.params.get("conv/kernel")!.values], kernel);
      return progress.epoch;
    };
    await run({ epochs: 5, callbacks: [save()] });
    assertEquals(files(dir), [
      "best.safetensors",
      "epoch-0003.safetensors",
      "epoch-0005.safetensors",
      "last.safetensors",
    ]);
    assertEquals([await epochOf("best"), await epochOf("last")], [3, 5]);
    assertEquals([await epochOf("epoch-0003"), await epochOf("epoch-0005")], [3, 5]);
    const last = await readCheckpoint(`${dir}/last.safetensors`);
    const from = restoreTraining(toyModel(), optimizer(), [8, 8, 1], last, "last");
    const rest = await run({ from, callbacks: [save()] });
    assertEquals(rest.weights, plain.weights.slice(5));
    assertEquals(files(dir), [
      "best.safetensors",
      "epoch-0007.safetensors",
      "epoch-0008.safetensors",
      "last.safetensors",
    ]);
    assertEquals(await epochOf("best"), 8);
  });
});

onCpu("an epoch whose number is not finite is never the best", async () => {
  await inDirectory(async (dir) => {
    const losses = [NaN, -Infinity, 3, NaN, 2, 4, 5, 6];
    const callbacks = [earlyStopping({ patience: 3 }), checkpoints({ dir, top: 2 })]
      .map((callback) => pretend(callback, losses));
    const plain = await run();
    const { reports, weights } = await run({ callbacks });
    assertStringIncludes(reports.at(-1)!.stopped!, "best in epoch 5");
    assertEquals(weights.at(-1), plain.weights[4]);
    assertEquals(files(dir).slice(0, 3), [
      "best.safetensors",
      "epoch-0003.safetensors",
      "epoch-0005.safetensors",
    ]);
    const never = pretend(earlyStopping({ patience: 2 }), [NaN, NaN]);
    const { reports: [, last] } = await run({ callbacks: [never] });
    assertStringIncludes(last!.stopped!, "never was a finite number");
  });
});

onCpu("a missing directory of checkpoints is created before the first step", async () => {
  await inDirectory(async (dir) => {
    const callbacks = [checkpoints({ dir: `${dir}/runs/first` })];
    await run({ epochs: 1, callbacks });
    assertEquals(files(`${dir}/runs/first`), ["best.safetensors", "last.safetensors"]);
    await Deno.writeTextFile(`${dir}/file`, "");
    let steps = 0;
    const blocked = {
      callbacks: [checkpoints({ dir: `${dir}/file/a` })],
      onStep: () => void steps++,
    };
    await assertRejects(() => run(blocked), Error, `${dir}/file/a`);
    assertEquals(steps, 0);
  });
});

onCpu(
  "a disk that fills while a checkpoint is written ends the run, and the old file is whole",
  async () => {
    await inDirectory(async (dir) => {
      const write = Deno.FsFile.prototype.write;
      let written = 0;
      let full = Infinity;
      // The disk takes so many bytes more, and then says what Linux says.
      Deno.FsFile.prototype.write = function (bytes) {
        written += bytes.length;
        if (written > full) throw new Error("No space left on device (os error 28)");
        return write.call(this, bytes);
      };
      try {
        const fill: Callback = {
          name: "fill",
          onEpoch: ({ epoch }) => void (epoch === 2 && (full = written + 2000)),
        };
        const error = await assertRejects(
          () => run({ callbacks: [fill, checkpoints({ dir, best: false })] }),
          Error,
        );
        assertStringIncludes(error.message, `Cannot write ${dir}/last.safetensors: No space left`);
      } finally {
        Deno.FsFile.prototype.write = write;
      }
      assertEquals(files(dir), ["last.safetensors"]);
      const { progress } = (await readCheckpoint(`${dir}/last.safetensors`)).run as {
        progress: { epoch: number };
      };
      assertEquals(progress.epoch, 1);
    });
  },
);

onCpu("epochs are logged as CSV and as JSON lines, those before an interruption too", async () => {
  await inDirectory(async (dir) => {
    const logs = (): Callback[] => [csvLog(`${dir}/a.csv`), jsonLines(`${dir}/a.jsonl`)];
    const first = await run({ epochs: 2, callbacks: logs() });
    const from = await restored(first.last);
    await Promise.all(files(dir).map((name) => Deno.remove(`${dir}/${name}`)));
    const second = await run({ epochs: 3, callbacks: logs(), from });
    const rows = [...first.reports, ...second.reports].map(epochRecord);
    assertEquals(rows.map(({ learningRate }) => Math.fround(learningRate!)), [
      ...Array<number>(3).fill(Math.fround(0.02)),
    ]);
    assertEquals(await Deno.readTextFile(`${dir}/a.csv`), historyCsv(rows));
    const lines = (await Deno.readTextFile(`${dir}/a.jsonl`)).trimEnd().split("\n");
    assertEquals(lines.map((line) => JSON.parse(line)), rows);
  });
  const nowhere = csvLog("/nowhere/a.csv");
  await assertRejects(() => run({ callbacks: [nowhere] }), Deno.errors.NotFound, "/nowhere/a.csv");
});

onCpu("callbacks may replace the optimizer's state, whose old tensors are freed", async () => {
  const reset: Callback = {
    name: "reset",
    onEpoch({ network }) {
      const { count, ...rest } = network.optimizer as Record<string, tf.Tensor>;
      assert(count instanceof tf.Tensor);
      return { optimizer: { ...rest, count: tf.scalar(0) } };
    },
  };
  const before = tf.memory().numTensors;
  const { last } = await run({ callbacks: [reset], epochs: 3 });
  const state = entries(last.optimizer);
  assertEquals(await state.find(([path]) => path === "count")![1].array(), 0);
  free(last);
  assertEquals(tf.memory().numTensors, before);
});

onCpu(
  "options out of range and unknown numbers are refused before anything is computed",
  async () => {
    for (const patience of [0, -1, 1.5, NaN]) {
      assertThrows(() => earlyStopping({ patience }), RangeError, `got ${patience}`);
    }
    for (const minDelta of [-1, NaN, Infinity]) {
      assertThrows(() => earlyStopping({ minDelta }), RangeError, `got ${minDelta}`);
    }
    const unknown = { monitor: "val_loss" as MonitoredMetric };
    const known =
      'one of loss, accuracy, valLoss, valAccuracy, or a metric with mode: "min" or "max", got val_loss';
    assertThrows(() => earlyStopping(unknown), RangeError, known);
    assertThrows(() => checkpoints({ dir: ".", ...unknown }), RangeError, known);
    for (const top of [-1, 0.5]) {
      assertThrows(() => checkpoints({ dir: ".", top }), RangeError, `got ${top}`);
    }
    const nothing: CheckpointsOptions = { dir: ".", best: false, last: false };
    assertThrows(() => checkpoints(nothing), RangeError, "something must be written");
    for (const seconds of [0, -1, NaN, Infinity]) {
      assertThrows(() => timeLimit(seconds), RangeError, `got ${seconds}`);
    }
    const unmeasured = fit(toyModel(), train, { callbacks: [earlyStopping()] });
    await assertRejects(() => unmeasured.next(), RangeError, "monitors valLoss");
    await assertRejects(
      () => run({ callbacks: [timeLimit(1), timeLimit(2)] }),
      RangeError,
      'two named "timeLimit"',
    );
  },
);
