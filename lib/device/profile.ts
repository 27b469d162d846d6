// What each dispatch takes, by the GPU's own clock.
import { tf } from "../tensor/tf.ts";
import { GuardedBackend } from "./backend.ts";
import type { Profiler } from "./encoding.ts";

/** A dispatch and its time. */
export type ProfileEntry = {
  /** The operation's name. */
  readonly operation: string;
  /** Shapes of the tensors it was given: results, then inputs. */
  readonly shapes: readonly (readonly number[])[];
  /** Its time on the GPU; `null` where the adapter has no timestamp queries. */
  readonly milliseconds: number | null;
};

/** Timestamps of a query set: the most WebGPU allows. */
const CAPACITY = 4096;

/**
 * Times each dispatch that a function makes. Each runs in a pass of its own, so
 * that the whole takes longer than it does otherwise; copies are not listed. On
 * the CPU backend there are no dispatches.
 *
 * @param f calls operations, or what {@linkcode jit} made; it may return a promise
 * @returns the dispatches in their order
 * @throws {TypeError} if another profile is under way
 * @throws {DeviceError} if the device failed
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { profile } from "@neocog/neocog/device";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await profile(() => tf.ones([2]).square()), []);
 * ```
 */
export async function profile(f: () => unknown): Promise<readonly ProfileEntry[]> {
  const backend: unknown = tf.backend();
  if (!(backend instanceof GuardedBackend)) {
    await f();
    return [];
  }
  if (profiled.has(backend)) {
    throw new TypeError(
      "Cannot profile: only one profile may be taken at a time, got two",
    );
  }
  profiled.add(backend);
  const { profiler, entries } = listen(backend.device);
  backend.encoding.profileWith(profiler);
  try {
    await f();
  } finally {
    backend.encoding.profileWith(undefined);
    profiled.delete(backend);
  }
  await backend.settle();
  return await entries();
}

/** Backends of which a profile is being taken. */
const profiled = new WeakSet<GuardedBackend>();

type Listener = {
  readonly profiler: Profiler;
  /** The dispatches noted so far with their times, which are done; frees what was held. */
  entries(): Promise<ProfileEntry[]>;
};

function listen(device: GPUDevice): Listener {
  const timed = device.features.has("timestamp-query");
  const noted: Omit<ProfileEntry, "milliseconds">[] = [];
  const sets: GPUQuerySet[] = [];
  return {
    profiler: {
      begin(operation, shapes) {
        const at = (2 * noted.length) % CAPACITY;
        noted.push({ operation, shapes });
        if (!timed) return undefined;
        if (at === 0) sets.push(device.createQuerySet({ type: "timestamp", count: CAPACITY }));
        return {
          querySet: sets.at(-1)!,
          beginningOfPassWriteIndex: at,
          endOfPassWriteIndex: at + 1,
        };
      },
    },
    async entries(): Promise<ProfileEntry[]> {
      const counts = sets.map((_, i) => Math.min(2 * noted.length - i * CAPACITY, CAPACITY));
      const reads = sets.map((set, i) => readTimes(device, set, counts[i]!));
      const times = (await Promise.all(reads)).flat();
      return noted.map((entry, i) => ({ ...entry, milliseconds: timed ? times[i]! : null }));
    },
  };
}

/** The milliseconds between each two of a set's first timestamps; the set is destroyed. */
async function readTimes(device: GPUDevice, set: GPUQuerySet, count: number): Promise<number[]> {
  const size = 8 * count;
  const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const resolved = device.createBuffer({ size, usage: QUERY_RESOLVE | COPY_SRC });
  const staging = device.createBuffer({ size, usage: COPY_DST | MAP_READ });
  const encoder = device.createCommandEncoder();
  encoder.resolveQuerySet(set, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const stamps = new BigUint64Array(staging.getMappedRange().slice(0));
  for (const held of [resolved, staging, set]) held.destroy();
  return Array.from(
    { length: count / 2 },
    (_, i) => Number(stamps[2 * i + 1]! - stamps[2 * i]!) / 1e6,
  );
}
