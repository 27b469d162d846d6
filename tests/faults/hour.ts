// Trains, predicts and dreams in one process for a time, and notes what memory it holds.
// Run by itself: deno run -A --v8-flags=--expose-gc tests/faults/hour.ts <seconds> <file of samples>
import type { GuardedBackend } from "../../lib/device/backend.ts";
import { parseAugmentations } from "../../lib/augment/mod.ts";
import { deepDream } from "../../lib/generate/mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import {
  type BackendName,
  classify,
  conv,
  dense,
  disposeTraining,
  disposeTree,
  evaluate,
  fit,
  flatten,
  init,
  key,
  predict,
  relu,
  sequential,
  snapshot,
  start,
  tf,
} from "../../mod.ts";
import { assert, assertEquals } from "@std/assert";
import { toyExamples, toyModel } from "../train/toy.ts";
import { attempt, note, type Tally, tally } from "./report.ts";

/** What the process holds at a moment. */
export type Sample = {
  readonly seconds: number;
  readonly round: number;
  /**
   * Bytes of the process in memory. On Linux without those of files, such as Deno's own program, which
   * the system drops and reads again as it likes.
   */
  readonly memory: number;
  /** Bytes of V8's heap. */
  readonly heap: number;
  /** tfjs's tensors, their data and bytes. */
  readonly tensors: number;
  readonly bytes: number;
  /** Buffers of the GPU in use and kept for use, and the bytes of all; 0 on the CPU backend. */
  readonly usedBuffers: number;
  readonly freeBuffers: number;
  readonly gpuBytes: number;
};

/** Seconds until everything has been made that is made once. */
const WARM_UP = 60;

/** Options of {@linkcode workFor}. */
export type HourOptions = {
  /** When it ends: the first round after so many seconds, or so many rounds. Default: never. */
  readonly seconds?: number;
  readonly rounds?: number;
  readonly backend?: BackendName;
  /** Milliseconds of rest after each round. */
  readonly rest?: number;
  /** Seconds between samples. */
  readonly every?: number;
  readonly onSample: (sample: Sample) => void;
};

function residentBytes(): number {
  if (Deno.build.os !== "linux") return Deno.memoryUsage().rss;
  return 1024 * Number(Deno.readTextFileSync("/proc/self/status").match(/RssAnon:\s+(\d+)/)![1]);
}

const sampled = (round: number, began: number): Sample => {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed: heap } = Deno.memoryUsage();
  const { numTensors: tensors, numBytes: bytes } = tf.memory();
  const { bufferManager, textures } = tf.backend() as unknown as Partial<GuardedBackend>;
  return {
    seconds: Math.round((performance.now() - began) / 1000),
    round,
    memory: residentBytes(),
    heap,
    tensors,
    bytes,
    usedBuffers: bufferManager?.getNumUsedBuffers() ?? 0,
    freeBuffers: bufferManager?.getNumFreeBuffers() ?? 0,
    gpuBytes: (bufferManager?.numBytesAllocated ?? 0) + (textures?.bytes ?? 0),
  };
};

/** Works in rounds, each a training run from its beginning, an evaluation, predictions and a dream. */
export async function workFor(options: HourOptions): Promise<void> {
  const { backend = "webgpu", seconds: end = Infinity, rounds = Infinity } = options;
  await start({ backend });
  const began = performance.now();
  const [examples, test] = [toyExamples(48), toyExamples(18, 1)];
  const dreaming = init(
    sequential({
      conv1: conv({ features: 4, size: 3 }),
      relu1: relu(),
      conv2: conv({ features: 4, size: 3 }),
      flatten: flatten(),
      logits: dense({ features: 3 }),
    }),
    key(0),
    [16, 16, 1],
  );
  const noise = tf.tensor3d(uniformArray(key(1), 24 * 24), [24, 24, 1]);
  const model = toyModel();
  const augment = parseAugmentations("crop:1,flip");
  let last = -Infinity;
  for (let round = 0; round < rounds && (performance.now() - began) / 1000 < end; round++) {
    const fitting = { epochs: 2, batchSize: 12, key: key(round), validation: test, augment };
    for await (const { network } of fit(model, examples, fitting)) {
      if (network.progress.epoch < 2) continue;
      await snapshot(network);
      await evaluate(network, test);
      const x = tf.zeros([2, 8, 8, 1]);
      const probabilities = predict(network, x as tf.Tensor4D);
      await probabilities.data();
      tf.dispose([x, probabilities]);
      const picture = tf.zeros([8, 8, 1]);
      await classify({ ...network, classNames: examples.classNames }, picture);
      picture.dispose();
      disposeTraining(network);
    }
    const { images } = await deepDream(dreaming, noise, { layer: "conv2", octaves: 2, steps: 4 });
    await images.data();
    images.dispose();
    const seconds = (performance.now() - began) / 1000;
    // Not in the first minute, in which programs are compiled and pools filled.
    if (seconds > WARM_UP) await new Promise((done) => setTimeout(done, options.rest ?? 0));
    if (seconds - last < (options.every ?? 10)) continue;
    last = seconds;
    options.onSample(sampled(round, began));
  }
  disposeTree({ params: dreaming.params, noise });
}

/** By how much the memory may be above what it was after the first minute. */
const SHARE = 0.02;

/** What of samples is no longer as it was after the first `warmUp` seconds; empty if all is. */
export function growthIn(samples: readonly Sample[], warmUp: number): string[] {
  const later = samples.filter(({ seconds }) => seconds >= warmUp);
  const [first] = later;
  if (!first) return ["no samples"];
  const constant = (["tensors", "bytes", "usedBuffers", "freeBuffers", "gpuBytes"] as const)
    .filter((name) => later.some((sample) => sample[name] !== first[name]))
    .map((name) => `${name} ${[...new Set(later.map((sample) => sample[name]))]}`);
  // V8 gives memory back when it has little to do, and takes it again.
  const most = Math.max(...later.map(({ memory }) => memory));
  const isFlat = most / first.memory - 1 <= SHARE;
  return [...constant, ...(isFlat ? [] : [`memory ${first.memory} to ${most}`])];
}

/** Works for a time in a process of its own, whose memory has to stay as it is. */
export async function hourTally(seconds: number): Promise<Tally[]> {
  const counts = tally(`${seconds} s of training, prediction and dreaming`);
  const file = await Deno.makeTempFile();
  await attempt(counts, "all of them", async () => {
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "--v8-flags=--expose-gc"],
        ...[new URL(import.meta.url).pathname, `${seconds}`, file],
      ],
      env: { DENO_WEBGPU_BACKEND: "vulkan" },
    }).output();
    assert(success, "the process failed");
    const samples: Sample[] = (await Deno.readTextFile(file)).trim().split("\n")
      .map((line) => JSON.parse(line));
    const last = samples.at(-1)!;
    note(counts, "rounds", last.round);
    note(counts, "MB at the end", Math.round(last.memory / 1e6));
    assertEquals(growthIn(samples, WARM_UP), []);
  });
  await Deno.remove(file);
  return [counts];
}

if (import.meta.main) {
  const [seconds, file] = Deno.args;
  using out = Deno.openSync(file!, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  await workFor({
    seconds: Number(seconds),
    rest: 500,
    onSample: (sample) => void out.writeSync(encoder.encode(`${JSON.stringify(sample)}\n`)),
  });
}
