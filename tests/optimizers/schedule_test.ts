// Learning rates that change with the step, and the optimisers that follow them.
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { adam, cosineDecay, oneCycle, type Optimizer, sgd, tf, type Tree } from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";

/** The steps an optimiser takes along a gradient of 1. */
async function stepsOf(optimizer: Optimizer, count: number): Promise<number[]> {
  const params = { x: tf.scalar(0) };
  let state = optimizer.init(params);
  const steps: number[] = [];
  for (let i = 0; i < count; i++) {
    const answer: [typeof params, Tree] = optimizer.update({ x: tf.scalar(1) }, state, params);
    steps.push(await answer[0].x.array());
    state = answer[1];
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

onEachBackend("optimisers begin at the first rate of a schedule and follow it", async () => {
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
    assertThrows(() => make({ learningRate }), RangeError, `current value is ${learningRate}`);
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
  const wrong = [
    { learningRate: 0 },
    { steps: 0 },
    { steps: 1.5 },
    { warmUp: 0 },
    { warmUp: 1 },
    { divisor: 0.5 },
    { finalDivisor: NaN },
  ];
  for (const options of wrong) assertThrows(() => make(options), RangeError);
});
