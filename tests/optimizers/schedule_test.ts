// Learning rates that change with the step, and the optimizers that follow them.
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  adam,
  cosineDecay,
  cosineRestarts,
  ema,
  exponentialDecay,
  oneCycle,
  type Optimizer,
  piecewise,
  type Schedule,
  type SchedulePiece,
  sgd,
  stepDecay,
  tf,
  type Tree,
  warmUp,
  weightDecay,
} from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { optimizerGolden } from "../golden/optimizers.ts";

/** The steps an optimizer takes along a gradient of 1. */
async function stepsOf(optimizer: Optimizer, count: number): Promise<number[]> {
  const params = { x: tf.scalar(0) };
  let state = optimizer.init(params);
  const steps: number[] = [];
  for (let i = 0; i < count; i++) {
    const stepped: [typeof params, Tree] = optimizer.update({ x: tf.scalar(1) }, state, params);
    steps.push(await stepped[0].x.array());
    state = stepped[1];
  }
  return steps;
}

onEachBackend("a cosine decay falls as its equation says, and stays at its end", async () => {
  const schedule = cosineDecay({ learningRate: 0.3, steps: 40, end: 0.1 });
  for (const count of [0, 1, 10, 20, 39, 40, 41, 1000]) {
    const turn = Math.cos(Math.PI * Math.min(count, 40) / 40);
    const wanted = 0.3 * (0.1 + 0.9 * (1 + turn) / 2);
    // Of the first rate: WebGPU's cosine is exact to 2⁻¹¹ by its specification, far better here.
    assertAlmostEquals(await schedule(tf.scalar(count)).array(), wanted, 0.3 * 1e-6);
  }
});

onEachBackend("optimizers begin at the first rate of a schedule and follow it", async () => {
  const rates = [1, 2, 3, 4];
  const schedule = (count: tf.Scalar): tf.Scalar => tf.add(count, 1);
  const constant = await stepsOf(adam({ learningRate: 1 }), 4);
  assertEquals(await stepsOf(sgd({ learningRate: schedule }), 4), rates.map((rate) => -rate));
  const followed = await stepsOf(adam({ learningRate: schedule }), 4);
  followed.forEach((step, i) => assertAlmostEquals(step, constant[i]! * rates[i]!, 1e-5));
  const heavy = await stepsOf(sgd({ learningRate: schedule, momentum: 0.5 }), 4);
  assertEquals(heavy, [1, 1.5, 1.75, 1.875].map((velocity, i) => -velocity * rates[i]!));
});

onCpu("a constant schedule is the number it gives", async () => {
  const schedule = (): tf.Scalar => tf.scalar(0.25);
  for (const make of [sgd, adam]) {
    assertEquals(
      await stepsOf(make({ learningRate: schedule }), 3),
      await stepsOf(make({ learningRate: 0.25 }), 3),
    );
  }
});

onCpu("a schedule leaves nothing but its rate behind", () => {
  const schedule = cosineDecay({ learningRate: 0.1, steps: 3 });
  const count = tf.scalar(1);
  const before = tf.memory().numTensors;
  schedule(count).dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("a cosine decay refuses options out of range", () => {
  const make = (options: object): unknown => cosineDecay({ learningRate: 1, steps: 2, ...options });
  for (const learningRate of [0, -1, NaN, Infinity]) {
    assertThrows(() => make({ learningRate }), RangeError, `got ${learningRate}`);
  }
  for (const steps of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => make({ steps }), RangeError, `steps must be a whole number`);
  }
  for (const end of [-0.1, 1.1, NaN]) {
    assertThrows(() => make({ end }), RangeError, `end must be from 0 to 1`);
  }
});

onEachBackend(
  "one cycle rises to the highest rate and falls to the last, along cosines",
  async () => {
    const schedule = oneCycle({ learningRate: 0.2, steps: 40, warmUp: 0.3, finalDivisor: 100 });
    const wave = (share: number): number => (1 - Math.cos(Math.PI * share)) / 2;
    for (const step of [0, 1, 7, 12, 13, 25, 39, 40, 100]) {
      const rising = 0.2 / 25 + (0.2 - 0.2 / 25) * wave(Math.min(1, step / 12));
      const falling = 0.2 - (0.2 - 0.002) * wave(Math.min(1, (step - 12) / 28));
      const rate = await schedule(tf.scalar(step)).array();
      assertAlmostEquals(rate, step <= 12 ? rising : falling, 1e-6);
    }
  },
);

Deno.test("one cycle refuses what is no share, no count and no divisor", () => {
  const make = (options: object): unknown => oneCycle({ learningRate: 1, steps: 2, ...options });
  const wrong: [object, string][] = [
    [{ learningRate: 0 }, "its learning rate must be a finite number above 0, got 0"],
    [{ steps: 0 }, "its steps must be a whole number of at least 1, got 0"],
    [{ steps: 1.5 }, "its steps must be a whole number of at least 1, got 1.5"],
    [{ warmUp: 0 }, "its warmUp must be above 0 and below 1, got 0"],
    [{ warmUp: 1 }, "its warmUp must be above 0 and below 1, got 1"],
    [{ divisor: 0.5 }, "its divisor must be a finite number of at least 1, got 0.5"],
    [{ finalDivisor: NaN }, "its finalDivisor must be a finite number of at least 1, got NaN"],
  ];
  for (const [options, said] of wrong) assertThrows(() => make(options), RangeError, said);
  make({ warmUp: 0.5, divisor: 1, finalDivisor: 1 });
});

type Numbers = Readonly<Record<string, number>>;

const SCHEDULES: Readonly<Record<string, (options: never) => Schedule>> = {
  cosineDecay,
  cosineRestarts,
  exponentialDecay,
  oneCycle,
  stepDecay,
  piecewise: ({ pieces }: { pieces: readonly SchedulePiece[] }) => piecewise(pieces),
  warmUp: ({ steps, learningRate, start }: Numbers) =>
    warmUp(steps!, learningRate!, { start: start! }),
  "warmUp to cosine": ({ steps, learningRate, start, cosine }: Numbers) =>
    warmUp(steps!, cosineDecay({ learningRate: learningRate!, steps: cosine! }), { start: start! }),
};

/** The rates of some steps, read at once. */
async function ratesAt(schedule: Schedule, steps: readonly number[]): Promise<Float32Array> {
  return await tf.stack(steps.map((step) => schedule(tf.scalar(step)))).data<"float32">();
}

for (const { name, schedule, options, rates } of optimizerGolden.rates) {
  onEachBackend(`${schedule} gives the rates of PyTorch's ${name}`, async () => {
    assertEquals(rates.length, 40);
    const given = await ratesAt(SCHEDULES[schedule]!(options as never), [...rates.keys()]);
    // Of the highest rate, as cosines and exponentials of WebGPU are.
    given.forEach((rate, i) => assertAlmostEquals(rate, rates[i]!, 0.3 * 1e-6, `step ${i}`));
  });
}

onEachBackend("schedules hold their last rate beyond their end", async () => {
  const ends: [Schedule, number][] = [
    [cosineDecay({ learningRate: 0.5, steps: 30, end: 0.25 }), 0.125],
    [oneCycle({ learningRate: 0.5, steps: 30, finalDivisor: 4 }), 0.125],
    [stepDecay({ learningRate: 0.5, every: 3, end: 0.25 }), 0.125],
    [exponentialDecay({ learningRate: 0.5, every: 3, end: 0.25 }), 0.125],
    [piecewise([[0, 0.5], [9, 0.25], [11, 0.125]]), 0.125],
    [warmUp(5, cosineDecay({ learningRate: 0.5, steps: 25, end: 0.25 })), 0.125],
  ];
  for (const [schedule, end] of ends) {
    for (const rate of await ratesAt(schedule, [30, 31, 1000, 10_000_000])) {
      assertAlmostEquals(rate, end, 1e-6);
    }
  }
});

onEachBackend("steps of a decay and of restarts begin when they should, late too", async () => {
  for (const every of [1, 3, 7, 49, 1000]) {
    const schedule = stepDecay({ learningRate: 1, every, factor: 0.5 });
    const starts = [1, 2, 3, 6, 11].map((k) => k * every);
    const rates = await ratesAt(schedule, [...starts, ...starts.map((step) => step - 1)]);
    const wanted = [1, 2, 3, 6, 11, 0, 1, 2, 5, 10].map((k) => 0.5 ** k);
    rates.forEach((rate, i) => assertAlmostEquals(rate, wanted[i]!, 1e-6));
  }
  for (const growth of [1, 2, 3, 10]) {
    for (const steps of [1, 3, 7]) {
      const schedule = cosineRestarts({ learningRate: 1, steps, growth });
      let start = 0;
      for (let length = steps; start < 100_000 && length < 50_000 && start < 40 * steps * growth;) {
        const [first, before] = await ratesAt(schedule, [start, Math.max(0, start - 1)]);
        assertAlmostEquals(first!, 1, 1e-6, `start ${start} of rounds of ${steps} by ${growth}`);
        if (start > 0 && length / growth > 1) assert(before! < 0.76, `before ${start}`);
        start += length;
        length *= growth;
      }
    }
  }
});

onEachBackend("pieces may be schedules, which count from where they begin", async () => {
  const falling = (): Schedule => cosineDecay({ learningRate: 0.4, steps: 10 });
  const schedule = piecewise([[0, falling()], [10, 0.05], [20, falling()]]);
  const rates = await ratesAt(schedule, [0, 5, 10, 19, 20, 25, 30, 99]);
  [0.4, 0.2, 0.05, 0.05, 0.4, 0.2, 0, 0].forEach((rate, i) =>
    assertAlmostEquals(rates[i]!, rate, 1e-6)
  );
});

onCpu("schedules are optimizers' learning rates, and leave nothing but the rate behind", () => {
  const made = [
    cosineRestarts({ learningRate: 1, steps: 3, growth: 2 }),
    stepDecay({ learningRate: 1, every: 2 }),
    exponentialDecay({ learningRate: 1, every: 2 }),
    piecewise([[0, 1], [2, stepDecay({ learningRate: 1, every: 2 })]]),
    warmUp(3, 0.5),
  ];
  const count = tf.scalar(4);
  const before = tf.memory().numTensors;
  for (const schedule of made) schedule(count).dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("schedules refuse options out of range", () => {
  const decays = { learningRate: 1, every: 2 };
  const rounds = { learningRate: 1, steps: 2 };
  const wrong: [() => unknown, string][] = [
    [() => stepDecay({ ...decays, learningRate: 0 }), "learning rate must be"],
    [() => stepDecay({ ...decays, every: 1.5 }), "steps must be a whole number"],
    [() => stepDecay({ ...decays, factor: 1 }), "factor must be above 0 and below 1"],
    [() => exponentialDecay({ ...decays, factor: -1 }), "factor must be above 0 and below 1"],
    [() => exponentialDecay({ ...decays, end: 2 }), "end must be from 0 to 1"],
    [() => cosineRestarts({ ...rounds, steps: 0 }), "steps must be a whole number"],
    [() => cosineRestarts({ ...rounds, growth: 1.5 }), "growth must be a whole number"],
    [() => cosineRestarts({ ...rounds, end: NaN }), "end must be from 0 to 1"],
    [() => cosineRestarts({ ...rounds, learningRate: NaN }), "learning rate must be"],
    [() => oneCycle({ learningRate: 1, steps: 2, divisor: Infinity }), "divisor must be"],
    [() => piecewise([]), "rise from 0, got none"],
    [() => piecewise([[1, 0.1]]), "rise from 0, got 1"],
    [() => piecewise([[0, 0.1], [5, 0.1], [5, 0.2]]), "got 0, 5, 5"],
    [() => piecewise([[0, 0.1], [1.5, 0.1]]), "got 0, 1.5"],
    [() => piecewise([[0, -1]]), "learning rate must be"],
    [() => warmUp(0, 0.1), "steps must be a whole number"],
    [() => warmUp(3, 0), "learning rate must be"],
    [() => warmUp(3, 0.1, { start: 1.1 }), "start must be from 0 to 1"],
  ];
  for (const [make, said] of wrong) assertThrows(make, RangeError, said);
});

Deno.test("schedules, moving averages and decays refuse options they do not know", () => {
  const wrong = { learningRate: 1, every: 2, steps: 2, desired: 1 };
  const { steps: _, ...decays } = wrong;
  const { every: __, ...rounds } = wrong;
  const makers: (() => unknown)[] = [
    () => stepDecay(decays),
    () => exponentialDecay(decays),
    () => cosineDecay(rounds),
    () => cosineRestarts(rounds),
    () => oneCycle(rounds),
    () => warmUp(2, 0.1, { desired: 1 } as object),
    () => ema(sgd(), { desired: 1 } as object),
    () => weightDecay(0.1, { desired: 1 } as object),
  ];
  for (const make of makers) assertThrows(make, TypeError, 'unknown option "desired"');
});
