// Ranks that train together have the numbers that one of them alone would have.
import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { partOf, rowsOfTree } from "../../lib/tensor/batch_part.ts";
import { dropUnits, uniformArray } from "../../lib/tensor/mod.ts";
import { jitExchanging } from "../../lib/device/jit/jit.ts";
import { exchange } from "../../lib/tensor/exchange.ts";
import { normalizeBatch, normalizeBatchTogether } from "../../lib/tensor/batch_norm.ts";
import { ALONE, type World } from "../../lib/world/world.ts";
import { counters } from "../../lib/device/mod.ts";
import {
  disposeTraining,
  disposeTree,
  fit,
  jit,
  joinWorld,
  key,
  shard,
  start,
  type Tensor,
  tf,
} from "../../mod.ts";
import { toyExamples, toyModel } from "./toy.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { gpuTest, hasAdapter } from "../device/adapter.ts";
import { assertClose } from "../closeness.ts";
import { onEachMpi, onOneMpi } from "../world/launchers.ts";

const SCRIPT = "tests/train/ranks_script.ts";

type Said = {
  readonly losses: number[];
  readonly hash: string;
  readonly valLoss?: number;
  readonly loss?: number;
  readonly accuracy?: number;
  readonly predicted?: number[];
  readonly scale?: { readonly lossScale: number; readonly skippedSteps: number };
};

async function alone(backend: string): Promise<Record<string, Said>> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SCRIPT, backend],
    cwd: new URL("../../", import.meta.url),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)).found;
}

const backend = hasAdapter ? "webgpu" : "cpu";
const one = Promise.withResolvers<Record<string, Said>>();
let isStarted = false;

for (const [ranks, on] of [[2, onOneMpi], [3, onEachMpi]] as const) {
  on(`${ranks} ranks follow one, and are equal to the last bit`, async (launch) => {
    if (!isStarted) alone(backend).then(one.resolve, one.reject);
    isStarted = true;
    const expected = await one.promise;
    const { code, said, stderr } = await launch(ranks, "run", "-A", SCRIPT, backend);
    assertEquals([code, said.length], [0, ranks], stderr);
    for (const [name, first] of Object.entries(expected)) {
      const all = said.map(({ found }) => found[name] as Said);
      assertEquals(new Set(all.map(({ hash }) => hash)).size, 1, name);
      for (const each of all) {
        assertEquals(each, all[0], name);
        if (name === "stream") continue; // Its batches are others.
        assertEquals(each.losses.length, first.losses.length, name);
        each.losses.forEach((loss, i) => assertNear(loss, first.losses[i]!, `${name}, step ${i}`));
        if (name === "halves") {
          assert(first.scale!.skippedSteps > 0, "an overflow must be tested");
          assertEquals(each.scale, first.scale);
          continue;
        }
        assertNear(each.valLoss!, first.valLoss!, `${name}, validation`);
        assertNear(each.loss!, first.loss!, `${name}, evaluation`);
        assertEquals(each.accuracy, first.accuracy, name);
        assertEquals(each.predicted, first.predicted, name);
      }
    }
  });
}

function assertNear(actual: number, expected: number, what: string): void {
  const difference = Math.abs(actual - expected);
  assertLess(difference, 1e-5 * Math.max(1, Math.abs(expected)), `${what}: ${actual}, ${expected}`);
}

Deno.test("the parts of a batch are the batch, and differ by one at most", () => {
  for (let of = 0; of < 20; of++) {
    for (let size = 1; size < 7; size++) {
      const parts = Array.from({ length: size }, (_, rank) => partOf({ rank, size }, of));
      let next = 0;
      for (const { first, count } of parts) {
        assertEquals(first, next);
        next += count;
      }
      assertEquals(next, of);
      const counts = parts.map(({ count }) => count);
      assert(Math.max(...counts) - Math.min(...counts) <= 1);
    }
  }
});

onEachBackend("a part's dropped units are those of the whole", async () => {
  for (const width of [4, 8, 3, 7]) {
    const whole = await dropUnits(tf.ones([6, width]), 0.4, key(3)).array() as number[][];
    for (let first = 0; first < 6; first++) {
      const part = dropUnits(tf.ones([6 - first, width]), 0.4, key(3), first * width);
      assertEquals(await part.array(), whole.slice(first));
    }
  }
});

/** Doubles what is sent, later and now. */
function doubling(log: number[] = []) {
  const sendNow = (values: Float32Array): void => {
    log.push(values.length);
    values.forEach((value, i) => values[i] = 2 * value);
  };
  return {
    sendNow,
    async send(values: Float32Array): Promise<void> {
      await new Promise((done) => setTimeout(done, 5));
      sendNow(values);
    },
  };
}

onEachBackend("a recorded function waits for what it exchanges, at each call", async () => {
  const log: number[] = [];
  const channel = doubling(log);
  const f = jitExchanging((x: Tensor, y: Tensor) => {
    const [a, b] = exchange([tf.add(x, 1), y], channel);
    const [unread] = exchange([tf.mul(x, y)], channel);
    assert(unread);
    const [c] = exchange([tf.mul(a!, b!)], channel);
    return { sum: tf.add(c!, x), early: tf.square(y) };
  });
  const before = tf.memory().numTensors;
  for (let i = 1; i < 4; i++) {
    const [x, y] = [tf.tensor1d([i, 2, 3]), tf.tensor1d([1, i, 5])];
    const { sum, early } = await f(x, y);
    const expected = [i, 2, 3].map((value, j) =>
      2 * (2 * (value + 1)) * (2 * [1, i, 5][j]!) + value
    );
    assertEquals([...await sum.data()], expected);
    assertEquals([...await early.data()], [1, i * i, 25]);
    disposeTree({ x, y, sum, early });
  }
  // On the GPU the second exchange, which nothing depends on, is made all the same.
  assertEquals(log.toSorted(), [3, 3, 3, 3, 3, 3, 6, 6, 6]);
  f.dispose();
  assertEquals(tf.memory().numTensors, before);
});

gpuTest("what is computed while an exchange is waited for changes nothing", async () => {
  const [x, w, other] = [1, 2, 3].map((seed) => {
    const values = uniformArray(key(seed), 256 * 256);
    return tf.tensor2d(values, [256, 256]);
  }) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  let meanwhile = (): unknown => undefined;
  const channel = {
    send: async () => void await meanwhile(),
    sendNow: () => {},
  };
  // On software adapters both products read w in a texture.
  const f = jitExchanging((x: tf.Tensor2D, w: tf.Tensor2D) => {
    const [product] = exchange([tf.matMul(x, w)], channel) as [tf.Tensor2D];
    return tf.matMul(product, w);
  });
  const expected = await (await f(x, w)).data();
  meanwhile = () => tf.matMul(other, other).data();
  assertEquals(await (await f(x, w)).data(), expected);
  f.dispose();
});

gpuTest("an exchange outside a function that can wait is refused", () => {
  assertThrows(() => exchange([tf.ones([2])], doubling()), Error, "outside a recorded function");
  const f = jit((x: Tensor) => exchange([x], doubling())[0]!);
  assertThrows(() => f(tf.ones([2])), TypeError, "must be made by jitExchanging");
});

onEachBackend("statistics of all parts are those of the batch, with their slopes", async () => {
  const shape: [number, number, number] = [6, 3, 5];
  const x = tf.tensor(uniformArray(key(1), 90), shape) as Tensor;
  const weights = tf.tensor(uniformArray(key(2), 90), shape) as Tensor;
  const [scale, shift] = [tf.linspace(1, 2, 5), tf.linspace(-1, 1, 5)] as [Tensor, Tensor];
  const running = { mean: tf.zeros([5]) as Tensor, variance: tf.ones([5]) as Tensor };
  const options = { epsilon: 1e-5, momentum: 0.1 };
  // A single part, whose channel changes nothing.
  const channel = { send: () => Promise.resolve(), sendNow: () => {} };
  const statistics = { moments: () => channel, sums: channel };
  const together = jitExchanging((x: Tensor, scale: Tensor, shift: Tensor) => {
    const f = (x: Tensor, scale: Tensor, shift: Tensor) =>
      normalizeBatchTogether(x, { scale, shift }, running, options, statistics, {
        own: 18,
        all: 18,
      });
    const [y, next] = f(x, scale, shift);
    const loss = (...values: Tensor[]) =>
      tf.sum(tf.mul(f(values[0]!, values[1]!, values[2]!)[0], weights)) as tf.Scalar;
    return { y, next, slopes: tf.grads(loss as never)([x, scale, shift]) as Tensor[] };
  });
  const [y, next] = normalizeBatch(x, { scale, shift }, running, options);
  const slopes = tf.grads((x, scale, shift) =>
    tf.sum(
      tf.mul(normalizeBatch(x!, { scale: scale!, shift: shift! }, running, options)[0], weights),
    )
  )([x, scale, shift]);
  const found = await together(x, scale, shift);
  await assertClose(found.y, await y.data());
  await assertClose(found.next.mean, await next.mean.data());
  await assertClose(found.next.variance, await next.variance.data());
  for (const [i, slope] of slopes.entries()) {
    await assertClose(found.slopes[i]!, await slope.data());
  }
});

gpuTest("a world of one costs nothing: no command, no byte and no library more", async () => {
  await start();
  const costs: unknown[] = [];
  for (const world of [undefined, ALONE, await joinWorld()]) {
    const options = { epochs: 2, batchSize: 16, key: key(1), ...(world ? { world } : {}) };
    const before = counters();
    const examples = toyExamples(48);
    for await (
      const { network, epoch } of fit(
        toyModel(),
        world ? shard(examples, world) : examples,
        options,
      )
    ) {
      if (epoch === 2) disposeTraining(network);
    }
    const { dispatches, copies, submits, uploadedBytes } = counters();
    costs.push({
      dispatches: dispatches - before.dispatches,
      copies: copies - before.copies,
      submits: submits - before.submits,
      uploadedBytes: uploadedBytes - before.uploadedBytes,
    });
    if (world) assertEquals([world.library, world.traffic().calls], ["none", 0]);
  }
  assert((costs[0] as { dispatches: number }).dispatches > 0);
  assertEquals(costs[1], costs[0]);
  assertEquals(costs[2], costs[0]);
});

onCpu("examples and options must both know of other ranks", async () => {
  const world: World = { ...ALONE, size: 3, rank: 1 };
  const examples = {
    name: "two pixels",
    images: new Uint8Array([0, 255]),
    labels: new Uint8Array([0, 1]),
    imageShape: [1, 1, 1],
    classNames: ["dark", "light"],
  } as const;
  const model = {} as Parameters<typeof fit>[0];
  await assertRejects(
    () => fit(model, shard(examples, world)).next(),
    TypeError,
    "need the option world of that size, got none",
  );
  await assertRejects(
    () =>
      fit(model, (async function* () {})() as never, { world, loss: tf.scalar as never }).next(),
    TypeError,
    "a stream must be divided, shard(stream, world)",
  );
  assertEquals(shard(examples, ALONE), examples);
});

onCpu("a part's rows are those of each tensor; of no example one that does not count", async () => {
  const batch = { a: tf.tensor2d([[1, 2], [3, 4], [5, 6]]), b: tf.tensor1d([7, 8, 9]) };
  const part = rowsOfTree(batch, partOf({ rank: 1, size: 2 }, 3));
  assertEquals(await part.a.array(), [[3, 4], [5, 6]]);
  assertEquals(await part.b.array(), [8, 9]);
  const none = rowsOfTree(batch, { first: 2, count: 0, of: 3 });
  assertEquals(await none.b.array(), [7]);
});
