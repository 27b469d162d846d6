// Training in mixed precision: what is scaled, skipped, refused and resumed.
import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  adam,
  beginTraining,
  disposeTraining,
  disposeTree,
  entries,
  fit,
  type FitOptions,
  jit,
  key,
  type Optimizer,
  restoreTraining,
  sgd,
  snapshot,
  softmaxCrossEntropy,
  start,
  tf,
  type Training,
  trainStep,
  type Tree,
} from "../../mod.ts";
import { float16Test } from "../device/float16.ts";
import { toyExamples, toyModel } from "./toy.ts";

const examples = toyExamples(48);

/** All numbers of a run's trees, by path. */
async function numbersOf(
  { params, state, optimizer }: Pick<Training, "params" | "state" | "optimizer">,
) {
  const all = entries({ params, state, optimizer } as Tree);
  const read = await Promise.all(all.map(async ([path, leaf]) => [path, [...await leaf.data()]]));
  return Object.fromEntries(read) as Record<string, number[]>;
}

/** Some steps of the toy network under jit, from a loss scale. */
async function steps(
  optimizer: Optimizer,
  count: number,
  scale: { readonly scale: number; readonly streak?: number },
  lossScale?: number,
): Promise<{ before: Record<string, number[]>; after: Record<string, number[]> }> {
  await start();
  const options = { precision: "mixed", ...(lossScale ? { lossScale } : {}) } as const;
  const run = beginTraining(toyModel(), optimizer, key(1), [8, 8, 1], options);
  const { lossScale: held, inner } = run.optimizer as { lossScale: Tree; inner: Tree };
  disposeTree(held);
  const set = {
    scale: tf.scalar(scale.scale),
    streak: tf.scalar(scale.streak ?? 0),
    skipped: tf.scalar(0),
  };
  const step = trainStep(toyModel(), softmaxCrossEntropy, optimizer, options);
  const recorded = jit(step, { donate: [0] });
  let now: Pick<Training, "params" | "state" | "optimizer"> = {
    ...run,
    optimizer: { lossScale: set, inner },
  };
  const before = await numbersOf(now);
  for (let i = 0; i < count; i++) {
    const batch = {
      images: tf.randomUniform([16, 8, 8, 1], 0, 1, "float32", i),
      labels: tf.oneHot(
        tf.tensor1d(Array.from({ length: 16 }, (_, n) => n % 3), "int32"),
        3,
      ).cast("float32") as tf.Tensor2D,
    };
    const { params, state, optimizer } = now;
    now = recorded({ params, state, optimizer } as never, batch, key(i)) as never;
  }
  const after = await numbersOf(now);
  recorded.dispose();
  return { before, after };
}

/** All numbers but those of the loss scale. */
function others(numbers: Record<string, number[]>): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(numbers).filter(([path]) => !path.includes("lossScale")),
  );
}

function scaleOf(numbers: Record<string, number[]>): (number | undefined)[] {
  return ["scale", "streak", "skipped"].map((name) => numbers[`optimizer/lossScale/${name}`]![0]);
}

/** One with a fused step, and one that is made of tfjs's operations. */
const OPTIMIZERS: Readonly<Record<string, () => Optimizer>> = {
  "a fused step": () => adam(),
  "a step by update": () => {
    const { step: _, ...plain } = sgd({ learningRate: 0.1, momentum: 0.9 });
    return plain;
  },
};

for (const [name, make] of Object.entries(OPTIMIZERS)) {
  float16Test(`an overflow halves the loss scale and changes nothing else: ${name}`, async () => {
    const { before, after } = await steps(make(), 1, { scale: 2 ** 40, streak: 7 });
    assertEquals(others(after), others(before));
    assertEquals(scaleOf(after), [2 ** 39, -1, 1]);
    // Again and again, and then a step is taken.
    const later = await steps(make(), 40, { scale: 2 ** 40 });
    const [scale, streak, skipped] = scaleOf(later.after) as number[];
    assert(scale! < 2 ** 30 && skipped! > 10 && streak! > 0, `${[scale, streak, skipped]}`);
    assertEquals(skipped! + streak!, 40);
    for (const [path, values] of Object.entries(others(later.after))) {
      assert(values.every(Number.isFinite), path);
    }
    assert(
      String(others(later.after)) !== "" &&
        later.after["params/conv/kernel"]![0] !== later.before["params/conv/kernel"]![0],
    );
  });
}

float16Test(
  "without an overflow the scale is doubled every 2000 steps, unless it is fixed",
  async () => {
    const grown = await steps(adam(), 1, { scale: 1024, streak: 1999 });
    assertEquals(scaleOf(grown.after), [2048, 0, 0]);
    const not = await steps(adam(), 1, { scale: 1024, streak: 1998 });
    assertEquals(scaleOf(not.after), [1024, 1999, 0]);
    const fixed = await steps(adam(), 1, { scale: 1024, streak: 1999 }, 1024);
    assertEquals(scaleOf(fixed.after), [1024, 2000, 0]);
    const over = await steps(adam(), 1, { scale: 2 ** 40 }, 2 ** 40);
    assertEquals(scaleOf(over.after), [2 ** 40, -1, 1]);
    assertEquals(others(over.after), others(over.before));
  },
);

float16Test(
  "whatever the scale, a step is that of float32 but for rounding to float16",
  async () => {
    const run = async (
      precision: "float32" | "mixed",
      lossScale?: number,
    ): Promise<Record<string, number[]>> => {
      const options: FitOptions = {
        precision,
        ...(lossScale ? { lossScale } : {}),
        optimizer: sgd({ learningRate: 1 }),
        batchSize: 48,
        key: key(5),
      };
      for await (const { network } of fit(toyModel(), examples, options as never)) {
        const numbers = await numbersOf(network as never);
        disposeTraining(network);
        return numbers;
      }
      throw new Error("no epoch");
    };
    await start();
    const plain = await run("float32");
    for (const lossScale of [1, 256, undefined]) {
      const mixed = await run("mixed", lossScale);
      for (const [path, values] of Object.entries(plain)) {
        if (!path.startsWith("params")) continue;
        const largest = Math.max(...values.map(Math.abs), 0.1);
        values.forEach((value, i) =>
          assertAlmostEquals(
            mixed[path]![i]!,
            value,
            5e-3 * largest,
            `${path} ${i}, scale ${lossScale}`,
          )
        );
      }
    }
  },
);

async function trained(options: FitOptions): Promise<Training> {
  let last: Training | undefined;
  for await (const { network } of fit(toyModel(), examples, options as never)) {
    last = network as never;
  }
  return last!;
}

float16Test(
  "a run in mixed precision learns as one in float32, and tells its loss scale",
  async () => {
    await start();
    const accuracies: number[] = [];
    for (const precision of ["float32", "mixed"] as const) {
      let accuracy = 0;
      const reports: unknown[] = [];
      const onStep = (report: unknown): void => void reports.push(report);
      for await (
        const report of fit(toyModel(), toyExamples(60), {
          precision,
          optimizer: adam({ learningRate: 0.02 }),
          epochs: 8,
          batchSize: 16,
          key: key(7),
          validation: toyExamples(30, 1),
          onStep,
        })
      ) {
        accuracy = report.valAccuracy!;
        assertEquals(report.lossScale, precision === "mixed" ? 65536 : undefined);
        assertEquals(report.skippedSteps, precision === "mixed" ? 0 : undefined);
      }
      assertEquals(Object.hasOwn(reports[0] as object, "lossScale"), precision === "mixed");
      accuracies.push(accuracy);
    }
    assert(accuracies.every((accuracy) => accuracy > 0.95), `${accuracies}`);
  },
);

float16Test(
  "a checkpoint holds float32 weights and the loss scale; a resumed run goes on to the same numbers",
  async () => {
    await start();
    const options = { precision: "mixed", batchSize: 16, key: key(3) } as const;
    const whole = await trained({ ...options, epochs: 3 });
    const half = await trained({ ...options, epochs: 1 });
    const checkpoint = await snapshot(half);
    for (const [path, { dtype }] of checkpoint.sections.params!) {
      assertEquals(dtype, "float32", path);
    }
    const kernel = checkpoint.sections.params!.get("conv/kernel")! as unknown as {
      values: Float32Array;
    };
    assert(
      [...kernel.values].some((value) => Math.f16round(value) !== value),
      "not rounded to float16",
    );
    const from = restoreTraining(toyModel(), adam(), [8, 8, 1], checkpoint, "a file");
    const resumed = await trained({ ...options, epochs: 3, from });
    assertEquals(await numbersOf(resumed), await numbersOf(whole));
    // In another precision it is refused.
    const again = restoreTraining(toyModel(), adam(), [8, 8, 1], checkpoint, "a file");
    await assertRejects(
      () => trained({ batchSize: 16, epochs: 3, from: again }),
      RangeError,
      'Cannot resume a run: the precision must be "mixed" as before, got "float32"',
    );
    const plain = await trained({ batchSize: 16, epochs: 1 });
    await assertRejects(
      () => trained({ ...options, epochs: 3, from: plain }),
      RangeError,
      'Cannot resume a run: the precision must be "float32" as before, got "mixed"',
    );
  },
);

float16Test("a scale at which every step overflows ends the run with what to do", async () => {
  await start();
  const error = await assertRejects(
    () => trained({ precision: "mixed", lossScale: 1e30, epochs: 40, batchSize: 16 }),
    RangeError,
  );
  assertMatch(
    error.message,
    /Cannot continue training in mixed precision: .*30 steps in a row.*choose precision "float32"/,
  );
});

float16Test(
  "mixed precision where it cannot be is refused before anything is computed",
  async () => {
    await start();
    await assertRejects(
      () => trained({ precision: "mixed", jit: false }),
      TypeError,
      "Cannot fit in mixed precision: steps must be recorded, got jit: false. Leave out jit",
    );
    await assertRejects(
      () => trained({ lossScale: 8 }),
      RangeError,
      'Cannot fit: a lossScale must come with precision "mixed", got float32',
    );
    await assertRejects(
      () => trained({ precision: "mixed", lossScale: 0 }),
      RangeError,
      "Cannot fit: the lossScale must be a finite number above 0, got 0",
    );
  },
);

Deno.test("on the CPU backend mixed precision is refused, and a wrong name anywhere", async () => {
  await start({ backend: "cpu" });
  const error = await assertRejects(() => trained({ precision: "mixed" }));
  assertEquals((error as Error).name, "DeviceError");
  assertMatch(
    (error as Error).message,
    /^Cannot fit in mixed precision: the backend must be "webgpu", got "cpu"\. Choose precision "float32", or start on WebGPU$/,
  );
  await assertRejects(() => trained({ precision: "float16" as never }), RangeError, '"float32"');
});
