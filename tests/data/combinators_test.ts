// Tests of lib/data/combinators.ts and of the streams it is made of.
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import * as data from "../../lib/data/combinators.ts";
import type { Items, Stream } from "../../lib/data/combinators.ts";
import { batches } from "../../lib/data/dataset.ts";
import type { Examples } from "../../lib/data/examples.ts";
import { fold, key } from "../../lib/tensor/random.ts";
import type { Tensor } from "../../lib/tensor/tensor.ts";
import { tf } from "../../lib/tensor/tf.ts";

await tf.setBackend("cpu");

const pause = (time = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));
const all = <T>(items: Items<T>): Promise<T[]> => Array.fromAsync(items);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Numbers from 0 on, with a note of what was made and whether the last iteration was closed. */
function watched(count: number, failsAt = Infinity): Stream<number> & {
  readonly made: number[];
  readonly closed: () => number;
} {
  const made: number[] = [];
  let closed = 0;
  const stream = data.from(async function* () {
    try {
      for (let i = 0; i < count; i++) {
        await pause();
        if (i === failsAt) throw new RangeError(`item ${i}`);
        made.push(i);
        yield i;
      }
    } finally {
      closed++;
    }
  }, count === Infinity ? undefined : count);
  return { ...stream, made, closed: () => closed };
}

/** Scalars from 0 on, as `{ x }`. */
function tensors(count: number, failsAt?: number): Stream<{ readonly x: Tensor }> {
  return data.map(watched(count, failsAt), (i) => ({ x: tf.scalar(i) }));
}

/** Each combinator, as a function from things to things. */
const COMBINATORS: Readonly<Record<string, <T>(items: Items<T>) => Stream<unknown>>> = {
  map: (items) => data.map(items, (item) => [item]),
  batch: (items) => data.batch(items, 3),
  "batch, the rest left out": (items) => data.batch(items, 3, { dropRemainder: true }),
  shuffle: (items) => data.shuffle(items, key(1)),
  "shuffle in a buffer": (items) => data.shuffle(items, key(1), { buffer: 4 }),
  take: (items) => data.take(items, 8),
  concat: (items) => data.concat(items, items),
  repeat: (items) => data.repeat(items, 2),
  "prefetch 1": (items) => data.prefetch(items),
  "prefetch 3": (items) => data.prefetch(items, 3),
};

Deno.test("a combinator's stream can be iterated over again, and twice at the same time", async () => {
  for (const [name, combine] of Object.entries(COMBINATORS)) {
    const source = watched(10);
    const stream = combine(source);
    assertEquals(source.made, [], `${name} begins before it is asked`);
    const first = await all(stream);
    assertEquals(first.length, stream.length, name);
    assert(first.length > 0, name);
    assertEquals(await Promise.all([all(stream), all(stream)]), [first, first], name);
  }
});

Deno.test("an error of the items is passed on, after the items before it", async () => {
  for (const [name, combine] of Object.entries(COMBINATORS)) {
    const before = tf.memory().numTensors;
    const source = watched(10, 5);
    const seen: unknown[] = [];
    const loop = async (): Promise<void> => {
      for await (const item of combine(data.map(source, (i) => ({ x: tf.scalar(i) })))) {
        seen.push(item);
        tf.dispose(item as tf.TensorContainer);
      }
    };
    await assertRejects(loop, RangeError, "item 5");
    assertEquals(source.closed(), 1, name);
    assertEquals(tf.memory().numTensors, before, `${name} leaves tensors`);
    if (name.startsWith("prefetch")) assertEquals(seen.length, 5);
  }
});

Deno.test("a loop that ends early closes its items, and leaves no tensor", async () => {
  for (const [name, combine] of Object.entries(COMBINATORS)) {
    for (const wait of [0, 10]) {
      const before = tf.memory().numTensors;
      const source = watched(10);
      for await (const item of combine(data.map(source, (i) => ({ x: tf.scalar(i) })))) {
        tf.dispose(item as tf.TensorContainer);
        await pause(wait);
        break;
      }
      assertEquals(source.closed(), 1, name);
      assertEquals(tf.memory().numTensors, before, `${name} leaves tensors`);
      await assertRejects(
        async () => {
          for await (const item of combine(tensors(10))) {
            tf.dispose(item as tf.TensorContainer);
            throw new Error("the loop's own");
          }
        },
        Error,
        "the loop's own",
      );
      assertEquals(tf.memory().numTensors, before, `${name} leaves tensors`);
    }
  }
});

Deno.test("an iteration that nobody began leaves nothing, and opens nothing", async () => {
  for (const combine of Object.values(COMBINATORS)) {
    const source = watched(10);
    await combine(source)[Symbol.asyncIterator]().return!();
    await pause(5);
    assertEquals([source.made.length, source.closed()], [0, 0]);
  }
});

Deno.test("map waits for promises, counts from 0 in each iteration, and keeps the order", async () => {
  const stream = data.map(["a", "b", "c"], async (item, index) => {
    await pause(3 - index);
    return `${item}${index}`;
  });
  assertEquals(await all(stream), ["a0", "b1", "c2"]);
  assertEquals(await all(stream), ["a0", "b1", "c2"]);
});

Deno.test("if a function of map throws, the tensors of its argument are freed", async () => {
  const before = tf.memory().numTensors;
  const stream = data.map(tensors(3), ({ x }) => {
    if (x.dataSync()[0] === 1) throw new Error("the function's own");
    x.dispose();
    return 0;
  });
  await assertRejects(() => all(stream), Error, "the function's own");
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("batch gives arrays, and leaves the rest out when asked", async () => {
  assertEquals(await all(data.batch(upTo(5), 2)), [[0, 1], [2, 3], [4]]);
  const dropped = data.batch(upTo(5), 2, { dropRemainder: true });
  assertEquals([dropped.length, await all(dropped)], [2, [[0, 1], [2, 3]]]);
  assertEquals(await all(data.batch([], 2)), []);
  assertEquals(await all(data.batch(upTo(4), 2)), [[0, 1], [2, 3]]);
});

Deno.test("a full shuffle gives each thing once, each order as often as another", async () => {
  const orders = new Map<string, number>();
  const rounds = 3000;
  for (let seed = 0; seed < rounds; seed++) {
    const order = (await all(data.shuffle([0, 1, 2], fold(key(7), seed)))).join("");
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  assertEquals([...orders.keys()].sort(), ["012", "021", "102", "120", "201", "210"]);
  // 500 expected, of deviation 20.4: four of them.
  for (const [order, times] of orders) assert(Math.abs(times - 500) < 82, `${order}: ${times}`);
  const big = data.shuffle(upTo(500), key(1));
  const order = await all(big);
  assertNotEquals(order, upTo(500));
  assertEquals(order.toSorted((a, b) => a - b), upTo(500));
  assertNotEquals(await all(data.shuffle(upTo(500), key(2))), order);
});

Deno.test("a shuffle in a buffer holds no more, and moves nothing forward by more", async () => {
  const source = watched(50);
  const order: number[] = [];
  for await (const item of data.shuffle(source, key(3), { buffer: 8 })) {
    order.push(item);
    assert(source.made.length <= order.length + 8);
  }
  assertEquals(order.toSorted((a, b) => a - b), upTo(50));
  order.forEach((item, place) => assert(item <= place + 7));
  assertNotEquals(order, upTo(50));
  assertEquals(await all(data.shuffle(upTo(9), key(3), { buffer: 1 })), upTo(9));
  const full = await all(data.shuffle(upTo(9), key(3)));
  assertEquals(await all(data.shuffle(upTo(9), key(3), { buffer: 100 })), full);
});

Deno.test("take makes no more than it gives", async () => {
  const source = watched(Infinity);
  assertEquals(await all(data.take(source, 3)), [0, 1, 2]);
  assertEquals([source.made, source.closed()], [[0, 1, 2], 1]);
  assertEquals(await all(data.take(upTo(2), 5)), [0, 1]);
  assertEquals(await all(data.take(source, 0)), []);
  assertEquals([source.made.length, source.closed()], [3, 1]);
  assertEquals(data.take(upTo(2), 5).length, 2);
});

Deno.test("concat and repeat go one after the other, each begun when it is its turn", async () => {
  const [a, b] = [watched(2), watched(2)];
  const stream = data.concat(a, b);
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  await iterator.next();
  assertEquals([a.made.length, b.made.length], [2, 0]);
  await iterator.return!();
  assertEquals(await all(data.concat()), []);
  assertEquals(await all(data.repeat([1, 2], 3)), [1, 2, 1, 2, 1, 2]);
  assertEquals(await all(data.repeat([1], 0)), []);
  assertEquals(await all(data.repeat((epoch) => upTo(epoch), 3)), [0, 0, 1]);
  assertEquals(await all(data.take(data.repeat(watched(2)), 5)), [0, 1, 0, 1, 0]);
  await assertRejects(() => all(data.repeat([])), RangeError, "must hold something");
});

Deno.test("prefetch makes things while one is worked on: so many, and no more", async () => {
  for (const ahead of [1, 3]) {
    const source = watched(20);
    const iterator = data.prefetch(source, ahead)[Symbol.asyncIterator]();
    assertEquals((await iterator.next()).value, 0);
    await pause(30);
    assertEquals(source.made.length, 1 + ahead);
    assertEquals((await iterator.next()).value, 1);
    await pause(30);
    assertEquals(source.made.length, 2 + ahead);
    await iterator.return!();
    assertEquals([source.made.length, source.closed()], [2 + ahead, 1]);
  }
});

Deno.test("prefetch makes items while others are used", async () => {
  /** The greatest number of an item that was begun while item `i` was in use. */
  const begunDuring = async (wrap: (items: Items<number>) => Items<number>): Promise<number[]> => {
    let begun = -1;
    const items = data.map(upTo(5), async (i) => {
      begun = i;
      await Promise.resolve();
      return i;
    });
    const seen: number[] = [];
    for await (const _ of wrap(items)) {
      await pause(5);
      seen.push(begun);
    }
    return seen;
  };
  assertEquals(await begunDuring((items) => items), [0, 1, 2, 3, 4]);
  assertEquals(await begunDuring((items) => data.prefetch(items)), [1, 2, 3, 4, 4]);
});

Deno.test("of batches the batches are counted, and those not consumed are freed", async () => {
  const examples: Examples = {
    name: "numbered",
    images: Uint8Array.from(upTo(10)),
    labels: Uint8Array.from(upTo(10), (i) => i % 2),
    imageShape: [1, 1, 1],
    classNames: ["even", "odd"],
  };
  const threes = batches(examples, { batchSize: 3 });
  assertEquals(data.repeat(threes, 2).length, 8);
  const before = tf.memory().numTensors;
  for await (const { images, labels } of data.prefetch(data.shuffle(threes, key(0)), 2)) {
    tf.dispose([images, labels]);
    await pause(10);
    assert(tf.memory().numTensors > before);
    break;
  }
  assertEquals(tf.memory().numTensors, before);
  const pairs = await all(data.map(data.examples(examples), ({ pixels, label }) => [
    pixels[0],
    label,
  ]));
  assertEquals(pairs, upTo(10).map((i) => [i, i % 2]));
});

Deno.test("lengths are known as far as they can be", () => {
  const unknown = data.from(() => [1]);
  assertEquals(unknown.length, undefined);
  assertEquals(data.batch(unknown, 2).length, undefined);
  assertEquals(data.concat([1], unknown).length, undefined);
  assertEquals(data.repeat([1]).length, undefined);
  assertEquals(data.repeat(unknown, 2).length, undefined);
  assertEquals(data.concat([1], [2, 3], new Set<number>()).length, undefined);
  assertEquals(data.prefetch(data.map(upTo(7), (i) => i)).length, 7);
});

Deno.test("iterators, which end once, and values that are not iterable are refused", () => {
  const once = function* (): Generator<number> {
    yield 1;
  };
  for (const combine of Object.values(COMBINATORS)) {
    assertThrows(() => combine(once()), TypeError, "an iterator, which ends once");
    assertThrows(() => combine(5 as unknown as number[]), TypeError, "got 5");
    assertThrows(() => combine(undefined as unknown as number[]), TypeError, "got undefined");
  }
});

Deno.test("numbers out of range are refused before anything is made", () => {
  const source = watched(3);
  for (const bad of [-1, 1.5, NaN, Infinity]) {
    const message = `got ${bad}`;
    assertThrows(() => data.batch(source, bad), RangeError, message);
    assertThrows(() => data.take(source, bad), RangeError, message);
    assertThrows(() => data.repeat(source, bad), RangeError, message);
    assertThrows(() => data.prefetch(source, bad), RangeError, message);
    assertThrows(() => data.shuffle(source, key(0), { buffer: bad }), RangeError, message);
  }
  assertThrows(() => data.batch(source, 0), RangeError, "of at least 1, got 0");
  assertThrows(() => data.prefetch(source, 0), RangeError, "of at least 1, got 0");
  const unknown = data.from(() => [1]);
  assertThrows(() => data.shuffle(unknown, key(0)), RangeError, "a buffer must be given");
  assertEquals(source.made, []);
});
