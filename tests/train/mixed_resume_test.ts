// A run with everything at once, cut and taken up again: the same bits as without the cut.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertRejects,
} from "@std/assert";
import {
  adam,
  adjustable,
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
import { factorOf } from "../../lib/optimizers/adjustable.ts";
import {
  type Callback,
  checkpoints,
  csvLog,
  earlyStopping,
  plateau,
} from "../../lib/train/callbacks/mod.ts";
import { compose, labelSmoothing, randomCrop, randomFlip } from "../../lib/augment/mod.ts";
import { keptWeights } from "../../lib/train/callbacks/kept_weights.ts";
import { parseCheckpoint, serializeCheckpoint } from "../../lib/weights/checkpoint.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { toyExamples, toyModel } from "./toy.ts";

const train = toyExamples(48);
const validation = toyExamples(24, 1);
const optimizer = (): ReturnType<typeof adam> => adjustable(adam({ learningRate: 0.05 }));

type Run = {
  readonly losses: number[];
  readonly stopped: string | undefined;
  readonly last: Training;
};

async function run(callbacks: readonly Callback[], more: FitOptions = {}): Promise<Run> {
  const losses: number[] = [];
  let last: Training | undefined;
  let stopped: string | undefined;
  const options: FitOptions = {
    validation,
    optimizer: optimizer(),
    epochs: 30,
    batchSize: 16,
    key: key(11),
    augment: compose(randomCrop(2), randomFlip(), labelSmoothing(0.1)),
    normalize: { mean: [0.3], std: [0.4] },
    callbacks,
    ...more,
    onStep: (report) => {
      losses.push(report.loss);
      more.onStep?.(report);
    },
  };
  for await (const report of fit(toyModel(), train, options)) {
    last = report.network;
    stopped = report.stopped;
  }
  return { losses, stopped, last: last! };
}

async function bits({ params, state, optimizer }: Training): Promise<unknown> {
  return await Promise.all(
    [params, state, optimizer].flatMap(leaves).map(async (leaf) => [...await leaf.data()]),
  );
}

function free({ params, state, optimizer }: Training): void {
  tf.dispose([params, state, optimizer].flatMap(leaves));
}

onEachBackend(
  "early stopping, plateau, augmentation, logs: a cut run comes to the same bits",
  async (backend) => {
    const dir = await Deno.makeTempDir();
    const callbacks = (): Callback[] => [
      earlyStopping({ patience: 3 }),
      plateau({ patience: 0, factor: 0.5 }),
      csvLog(`${dir}/log.csv`),
      checkpoints({ dir, top: 2 }),
    ];
    const before = tf.memory().numTensors;
    const whole = await run(callbacks());
    const rows = (text: string): string[] =>
      text.split("\r\n").map((line) => line.split(",").slice(0, 5).join(","));
    const log = rows(await Deno.readTextFile(`${dir}/log.csv`));
    assert(whole.stopped?.startsWith("earlyStopping"), whole.stopped);
    const factor = (await factorOf(whole.last.optimizer).data())[0]!;
    assert(factor < 1, `the plateau was reached: ${factor}`);
    const steps = whole.losses.length;
    assertGreater(steps, 9);
    // In an epoch's middle, at its end, and a step before the end of all.
    for (const cutAt of backend === "cpu" ? [4, 6, steps - 2] : [4]) {
      const stop = new AbortController();
      const cut = await run(callbacks(), {
        signal: stop.signal,
        onStep: ({ step }) => step === cutAt && stop.abort(),
      });
      assert(cut.losses.length < steps);
      const checkpoint = parseCheckpoint(serializeCheckpoint(await snapshot(cut.last)), "cut");
      const from = restoreTraining(toyModel(), optimizer(), [8, 8, 1], checkpoint, "cut");
      free(cut.last);
      const rest = await run(callbacks(), { from });
      assertEquals([...cut.losses, ...rest.losses], whole.losses);
      assertEquals(rest.stopped, whole.stopped);
      assertEquals(await bits(rest.last), await bits(whole.last));
      assertEquals(rows(await Deno.readTextFile(`${dir}/log.csv`)), log);
      free(rest.last);
    }
    const best = await readCheckpoint(`${dir}/best.safetensors`);
    const kept = await keptWeights(whole.last);
    assertEquals(best.sections.params.get("conv/kernel"), kept.get("params/conv/kernel"));
    free(whole.last);
    assertEquals(tf.memory().numTensors, before);
    await Deno.remove(dir, { recursive: true });
  },
);

onCpu(
  "the rate is reduced in the epoch that the controller says, and steps are as much smaller",
  async () => {
    const losses = [4, 3, 3, 3, 2, 2, 2];
    const told = plateau({ patience: 1, factor: 0.1 });
    const pretended: Callback = {
      ...told,
      onEpoch: (report, memory) =>
        told.onEpoch!({ ...report, valLoss: losses[report.epoch - 1]! }, memory),
    };
    const factors: number[] = [];
    const options: FitOptions = {
      optimizer: optimizer(),
      validation,
      epochs: 7,
      callbacks: [pretended],
    };
    for await (const { network } of fit(toyModel(), train, options)) {
      factors.push((await factorOf(network.optimizer).data())[0]!);
    }
    [1, 1, 1, 0.1, 0.1, 0.1, 0.01].forEach((factor, i) =>
      assertAlmostEquals(factors[i]!, factor, 1e-7)
    );
    await assertRejects(
      () => run([plateau()], { optimizer: adam() }),
      TypeError,
      "adjust",
    );
  },
);
