// Recorded functions answer what the functions themselves do, and leave others' tensors alone.
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "@std/assert";
import { counters, profile } from "../../lib/device/mod.ts";
import { dropUnits } from "../../lib/tensor/mod.ts";
import {
  fold,
  jit,
  type Key,
  key,
  type Scalar,
  split,
  start,
  stop,
  type Tensor,
  tf,
  valueAndGrad,
} from "../../mod.ts";
import type { GuardedBackend } from "../../lib/device/backend.ts";
import { onEachBackend } from "../backends.ts";
import { gpuTest } from "./adapter.ts";

/** A tensor on the GPU, not on the host. */
function onGpu(values: number[]): Tensor {
  return tf.tidy(() => tf.add(tf.tensor1d(values), tf.zeros([2000]).sum()));
}

/** The numbers of tensors. */
function numbers(...tensors: Tensor[]): Promise<number[][]> {
  return Promise.all(tensors.map(async (tensor) => [...await tensor.data()]));
}

onEachBackend("a recorded function answers what it answers itself, for each shape", async () => {
  const f = (
    x: Tensor,
    y: { a: Tensor; list: [Tensor, number] },
  ): { sum: Tensor; also: Tensor[] } => {
    const sum = tf.add(tf.matMul(x as tf.Tensor2D, y.a as tf.Tensor2D), y.list[0]);
    return { sum, also: [tf.mul(sum, y.list[1]), tf.reshape(sum, [-1])] };
  };
  const fast = jit(f);
  for (const rows of [2, 3, 2, 5, 3]) {
    const x = tf.randomNormal([rows, 4]);
    const rest = { a: tf.randomNormal([4, 3]), list: [tf.tensor1d([1, 2, 3]), rows / 3] };
    const [own, recorded] = [f, fast].map((g) => g(x, rest as Parameters<typeof f>[1]));
    const flat = ({ sum, also }: ReturnType<typeof f>): Tensor[] => [sum, ...also];
    assertEquals(await numbers(...flat(recorded!)), await numbers(...flat(own!)));
    assertEquals(flat(recorded!).map(({ shape }) => shape), flat(own!).map(({ shape }) => shape));
  }
  fast.dispose();
});

onEachBackend("numbers and scalars are inputs, and one recording serves them all", async () => {
  let calls = 0;
  const scaled = jit((x: Tensor, by: { rate: Scalar | number }) => {
    calls++;
    return tf.mul(x, by.rate);
  });
  const x = onGpu([1, -2]);
  for (const rate of [2, -0.5, NaN, Infinity, 0]) {
    const rates = [rate, tf.scalar(rate)];
    for (const each of rates) {
      assertEquals(await numbers(scaled(x, { rate: each })), [[rate, -2 * rate]]);
    }
  }
  // Recorded once, and compared once.
  if (tf.getBackend() === "webgpu") assertEquals(calls, 2);
});

onEachBackend("NaN and infinities go through", async () => {
  const sums = jit((x: Tensor) => ({ doubled: tf.add(x, x), sum: tf.sum(x), least: tf.relu(x) }));
  const values = [NaN, Infinity, -Infinity, 1];
  const { doubled, sum, least } = sums(tf.tensor1d(values));
  assertEquals(await numbers(doubled, sum), [[NaN, Infinity, -Infinity, 2], [NaN]]);
  assertEquals((await least.data())[1], Infinity);
});

onEachBackend("keys among the arguments are followed to where units are dropped", async () => {
  const f = (x: Tensor, { key }: { key: Key }): Tensor[] => {
    const [first, second] = split(fold(key, "model"));
    return [
      dropUnits(x, 0.5, first!),
      dropUnits(x, 0.25, fold(second!, 3)),
      dropUnits(x, 0.5, key),
    ];
  };
  const fast = jit(f);
  const x = tf.ones([64]);
  const seen = new Set<string>();
  for (let step = 0; step < 4; step++) {
    const given = { key: fold(key(1), step) };
    const answer = await numbers(...fast(x, given));
    assertEquals(answer, await numbers(...f(x, given)));
    seen.add(`${answer}`);
  }
  assertEquals(seen.size, 4);
  const derive = jit((k: Key) => [fold(k, 1), ...split(k)] as const);
  assertEquals(derive(key(5)), [fold(key(5), 1), ...split(key(5))]);
});

onEachBackend(
  "keys that are no arguments are baked in, and so are tensors made inside",
  async () => {
    const own = key(9);
    const dropped = jit((x: Tensor) => tf.add(dropUnits(x, 0.5, own), tf.tensor1d([0, 1, 2, 3])));
    const x = tf.ones([4]);
    const expected = await numbers(tf.add(dropUnits(x, 0.5, own), tf.tensor1d([0, 1, 2, 3])));
    for (let i = 0; i < 3; i++) assertEquals(await numbers(dropped(x)), expected);
  },
);

onEachBackend("strings, booleans and functions are part of the form", async () => {
  const f = jit((x: Tensor, how: { name: string; twice: boolean; by?: (x: Tensor) => Tensor }) => {
    const y = how.name === "square" ? tf.square(x) : tf.neg(x);
    const z = how.twice ? tf.mul(y, 2) : y;
    return how.by ? how.by(z) : z;
  });
  const x = onGpu([3]);
  const answers = [
    f(x, { name: "square", twice: false }),
    f(x, { name: "neg", twice: true }),
    f(x, { name: "square", twice: true, by: (y) => tf.add(y, 1) }),
    f(x, { name: "square", twice: true, by: (y) => tf.add(y, 2) }),
  ];
  assertEquals(await numbers(...answers), [[9], [-6], [19], [20]]);
});

onEachBackend("a gradient within is recorded, and one around sees through", async () => {
  const loss = (p: { x: Tensor }, scale: Scalar): [Scalar, { y: Tensor }] => {
    const y = tf.mul(tf.square(p.x), scale);
    return [tf.sum(y).asScalar(), { y }];
  };
  const gradient = jit(valueAndGrad(loss));
  const { grads, aux } = gradient({ x: onGpu([1, 2]) }, 3);
  assertEquals(await numbers(grads.x, aux.y), [[6, 12], [3, 12]]);
  const inner = jit((x: Tensor) => tf.square(x));
  const outer = valueAndGrad((p: { x: Tensor }) => [tf.sum(inner(p.x)).asScalar(), {}]);
  assertEquals(await numbers(outer({ x: onGpu([1, 2]) }).grads.x), [[2, 4]]);
});

onEachBackend("a recorded function within another is part of it", async () => {
  const inner = jit((x: Tensor, k: Key, rate: Scalar) => ({
    y: dropUnits(tf.mul(x, rate), 0.5, k),
    key: fold(k, 1),
  }));
  const f = (x: Tensor, k: Key): Tensor => {
    const { y, key } = inner(x, k, 2);
    return dropUnits(y, 0.5, key);
  };
  const outer = jit(f);
  for (let i = 0; i < 3; i++) {
    assertEquals(
      await numbers(outer(tf.ones([32]), key(i))),
      await numbers(f(tf.ones([32]), key(i))),
    );
  }
});

onEachBackend("what is donated is used up, and nothing else", async () => {
  const add = jit((x: { a: Tensor }, y: Tensor) => ({ a: tf.add(x.a, y) }), { donate: [0] });
  const y = onGpu([1, 1]);
  let x = { a: onGpu([0, 10]) };
  const before = tf.memory().numTensors;
  for (let i = 0; i < 5; i++) {
    const next = add(x, y);
    assert(x.a.isDisposed);
    assert(!y.isDisposed);
    x = next;
    assertEquals(tf.memory().numTensors, before);
  }
  assertEquals(await numbers(x.a, y), [[5, 15], [1, 1]]);
});

onEachBackend("arguments may be passed through, or answered twice", async () => {
  const f = jit((kept: Tensor, donated: Tensor, twice: Tensor) => {
    const y = tf.neg(twice);
    return { kept, donated, y, again: y, reshaped: tf.reshape(y, [2, 1]) };
  }, { donate: [1] });
  const [kept, donated, twice] = [onGpu([1, 2]), onGpu([3, 4]), onGpu([5, 6])];
  const first = f(kept, donated, twice);
  assert(donated.isDisposed);
  kept.dispose();
  const second = f(first.kept, first.donated, first.reshaped.reshape([2]));
  tf.dispose(first.kept);
  assertEquals(await numbers(second.kept, second.donated, second.y, second.reshaped), [
    [1, 2],
    [3, 4],
    [5, 6],
    [5, 6],
  ]);
  assertEquals([second.again, second.reshaped.shape], [second.y, [2, 1]]);
});

gpuTest("results are the caller's: no later call, donation or disposal changes them", async () => {
  await start();
  const step = jit((x: Tensor) => ({ next: tf.add(x, 1), seen: tf.mul(x, 10) }), { donate: [0] });
  const first = step(onGpu([1, 2]));
  const view = tf.reshape(first.next, [2, 1]);
  const second = step(first.next);
  const third = step(second.next);
  const other = step(onGpu([100, 200]));
  step.dispose();
  const after = step(onGpu([7, 8]));
  assertEquals(await numbers(first.seen, view, second.seen, third.next, other.next, after.next), [
    [10, 20],
    [2, 3],
    [20, 30],
    [4, 5],
    [101, 201],
    [8, 9],
  ]);
});

gpuTest(
  "the same tensor in several arguments, one of them donated, is read before it is written",
  async () => {
    await start();
    const backend = tf.backend() as unknown as GuardedBackend;
    const f = jit((x: Tensor, y: Tensor) => {
      const copy = tf.engine().makeTensorFromTensorInfo(backend.copyTensor(x));
      return [tf.add(copy, y), copy];
    }, { donate: [0] });
    for (let i = 0; i < 3; i++) {
      const x = onGpu([1, 2]);
      assertEquals(await numbers(...f(x, x)), [[2, 4], [1, 2]]);
      assert(x.isDisposed);
    }
  },
);

gpuTest("two functions with plans of their own take turns", async () => {
  await start();
  const make = (by: number) => jit((x: Tensor) => tf.mul(tf.add(x, by), by), { donate: [0] });
  const [f, g] = [make(2), make(3)];
  let [x, y, u] = [onGpu([1]), onGpu([1]), onGpu([5])];
  for (let i = 0; i < 4; i++) [x, y, u] = [f(x), g(y), f(u)];
  const expected = (by: number, start: number): number => {
    let value = start;
    for (let i = 0; i < 4; i++) value = (value + by) * by;
    return value;
  };
  assertEquals(await numbers(x, y, u), [[expected(2, 1)], [expected(3, 1)], [expected(2, 5)]]);
});

gpuTest("a replay is one submit, whatever it does", async () => {
  await start();
  const f = jit((x: Tensor) => {
    let y = x;
    for (let i = 0; i < 40; i++) y = tf.matMul(y as tf.Tensor2D, y as tf.Tensor2D).mul(0.1);
    return y;
  });
  f(tf.randomNormal([4, 4]));
  const x = tf.randomNormal([4, 4]);
  const before = counters();
  f(x);
  const after = counters();
  assertEquals(after.submits - before.submits, 1);
  assertEquals(after.dispatches - before.dispatches, 80);
  assertEquals(after.uploadedBytes - before.uploadedBytes, 64);
});

gpuTest("a plan tells its steps, and what sharing buffers saved", async () => {
  await start();
  const f = jit((x: Tensor, k: Key) => {
    let y = dropUnits(x, 0.5, k);
    for (let i = 0; i < 5; i++) y = tf.reverse(y); // Which is no other's follower.
    tf.neg(y); // Nobody needs it.
    return y;
  });
  f(tf.ones([1000]), key(1));
  const text = f.plan();
  assertMatch(text, /^ {2}upload {2}float32 \[1000\] argument 0/m);
  assertMatch(text, /^ {2}upload {2}keys of 1 dispatches/m);
  assertMatch(text, /^ {2}run {5}Dropout \[1000\] argument 0 → \[1000\] arena \d/m);
  assertMatch(text, /^ {2}copy {4}\[1000\] arena \d → a new buffer/m);
  assertStringIncludes(text, "arena: 2 buffers of 8000 bytes, 24000 without reuse");
  assertEquals(text.match(/ run /g)?.length, 6);
});

gpuTest(
  "a lost device is an exception, and the next device gets a recording of its own",
  async () => {
    await start();
    const f = jit((x: Tensor) => tf.add(tf.square(x), 1));
    const x = onGpu([2]);
    assertEquals(await numbers(f(x)), [[5]]);
    const onItsWay = f(x);
    (tf.backend() as unknown as GuardedBackend).device.destroy();
    let kind: unknown;
    await onItsWay.data().catch((error) => kind = error.kind);
    assertEquals(kind, "lost");
    let thrown: unknown;
    try {
      f(x);
    } catch (error) {
      thrown = error;
    }
    assertMatch(`${thrown}`, /DeviceError: .*lost/);
    stop();
    await start();
    assertEquals(await numbers(f(onGpu([3]))), [[10]]);
  },
);

gpuTest("profile lists and times each dispatch, eager or replayed", async () => {
  await start();

  const large = tf.randomNormal([256, 256]) as tf.Tensor2D;
  const f = (x: tf.Tensor2D): Tensor => tf.add(tf.matMul(x, x), 1);
  const fast = jit(f);
  fast(large);
  for (const g of [f, fast]) {
    const entries = await profile(() => g(large));
    assertEquals(entries.length, 2);
    assertMatch(entries[0]!.operation, /MatMul/);
    assertEquals(entries[0]!.shapes, [[256, 256], [256, 256], [256, 256]]);
    const times = entries.map(({ milliseconds }) => milliseconds);
    if (times[0] !== null) assert(times.every((time) => time! >= 0 && time! < 10_000));
  }
  // Nothing is listened to any more.
  assertNotEquals((await profile(() => {})).length, 1);
});
