// Compiles programs on a second device while the first one waits for Mesa's compiler.
import { tf } from "../tensor/tf.ts";
import { adapterName, findAdapter, openDevice } from "./adapter.ts";
import { GuardedBackend } from "./backend.ts";
import { type BoundKind, makePipeline, type PipelineText } from "./pipeline.ts";

/** Shorter texts take about as long to compile as to be read from the cache. */
const LONG_TEXT = 4000;

/** The first text of such a length is compiled at once, to see whether it was in the cache. */
const SAMPLE = { from: 2000, to: 8000 } as const;

/** It is read from the cache in this time, in milliseconds, and takes three times as long to compile. */
const SAMPLE_MS = 10;

/** Fewer long texts are not worth a second device. */
const LEAST_TEXTS = 4;

/**
 * Where so many texts after one another take less than this time each, in milliseconds, they are in the
 * cache: those of so many letters, and shorter ones the sample's time. A single one may be compiled in it.
 */
const CACHED = { texts: 2, letters: 8000, ms: 40 } as const;

/** Long texts take longer than the sample by their length: times this. */
const LONGER = 1.5;

/** A text, and the first device's pipeline of it. */
type Waiting = { readonly text: PipelineText; readonly pipeline: GPUComputePipeline };

/** What {@linkcode compileBeside} has to know of the pipelines that were made since it was called. */
type Made = {
  /** Texts that nobody has compiled yet. */
  readonly waiting: Waiting[];
  /** Milliseconds a letter takes to compile: 0 if the sample was in the cache; `undefined` before it. */
  pace?: number;
  /** Until when the driver compiles what it was given last, about. */
  busyUntil: number;
};

const isLong = ({ text }: Waiting): boolean => text.code.length >= LONG_TEXT;

const madeOn = new WeakMap<GPUDevice, Made>();

/**
 * Notes a pipeline that was made of a text. Nothing runs while a step is recorded, so that the driver is
 * given one long text after the other meanwhile.
 */
export function noteMade(
  device: GPUDevice,
  text: PipelineText,
  pipeline: GPUComputePipeline,
): void {
  if (!compilesLate(device.adapterInfo)) return;
  const made: Made = madeOn.get(device) ?? { waiting: [], busyUntil: 0 };
  madeOn.set(device, made);
  const { length } = text.code;
  if (made.pace === undefined && length >= SAMPLE.from && length < SAMPLE.to) {
    const took = compileNow(device, text, pipeline);
    made.pace = took < SAMPLE_MS ? 0 : took / length;
    return;
  }
  made.waiting.push({ text, pipeline });
  if (!made.pace || performance.now() < made.busyUntil) return;
  const next = made.waiting.findIndex(isLong);
  if (next < 0) return;
  const [{ text: given, pipeline: of }] = made.waiting.splice(next, 1) as [Waiting];
  dispatchNothing(device, given.bound, of);
  made.busyUntil = performance.now() + LONGER * made.pace * given.code.length;
}

/** Whether an adapter is Mesa's software driver, which compiles a program when it first runs. */
function compilesLate(info: GPUAdapterInfo): boolean {
  return /llvmpipe/.test(adapterName(info));
}

/**
 * Has a second device compile the programs that were made, but not run yet: Mesa's software driver
 * compiles one after the other on one thread, and whoever submits or reads meanwhile waits for it;
 * but two devices compile side by side, and what one has compiled the other finds in the cache on
 * the disk. The second begins with the last program, and ends where both meet. If they are few or in
 * the cache already, and on other adapters, this does nothing.
 *
 * `fit`, `evaluate` and `ascend` call it. In a loop of your own, call it after the first step, before
 * its numbers are read.
 *
 * @returns how many programs the second device compiled
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compileBeside } from "@neocog/neocog/device";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const product = tf.matMul(tf.ones([2, 2]), tf.ones([2, 2]));
 * assertEquals(await compileBeside(), 0); // Nothing is compiled on the CPU backend.
 * assertEquals(await product.array(), [[2, 2], [2, 2]]);
 * ```
 */
export async function compileBeside(): Promise<number> {
  const backend: unknown = tf.backend();
  if (!(backend instanceof GuardedBackend)) return 0;
  const { waiting = [], pace } = madeOn.get(backend.device) ?? {};
  madeOn.delete(backend.device);
  if (!pace || waiting.filter(isLong).length < LEAST_TEXTS) return 0;
  const device = await openAnother().catch(() => undefined);
  if (!device) return 0;
  let cached = 0;
  const met = waiting.toReversed().findIndex(({ text }) => {
    const took = compileNow(device, text, makePipeline(device, text));
    const { length } = text.code;
    const most = length >= CACHED.letters ? CACHED.ms : SAMPLE_MS;
    if (length >= SAMPLE.from) cached = took < most ? cached + 1 : 0;
    return cached === CACHED.texts;
  });
  device.destroy();
  return met < 0 ? waiting.length : met;
}

/** Another device on the same driver; without one the first compiles all, as it does anyway. */
async function openAnother(): Promise<GPUDevice | undefined> {
  const adapter = await findAdapter("high-performance");
  if (!compilesLate(adapter.info)) return undefined;
  const device = await openDevice(adapter);
  // The first device says what is wrong with a text.
  device.addEventListener("uncapturederror", (event) => event.preventDefault());
  return device;
}

/** Compiles a text and says how many milliseconds that took, without what it takes on any adapter. */
function compileNow(
  device: GPUDevice,
  { bound }: PipelineText,
  pipeline: GPUComputePipeline,
): number {
  dispatchNothing(device, bound, pipeline);
  const began = performance.now();
  // The driver lets no second submit begin before it has compiled what the first one runs.
  device.queue.submit([device.createCommandEncoder().finish()]);
  return performance.now() - began;
}

/** Dispatches no workgroup of a program, which has it compiled. */
function dispatchNothing(
  device: GPUDevice,
  bound: PipelineText["bound"],
  pipeline: GPUComputePipeline,
): void {
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: bound.map((kind, binding) => ({ binding, resource: resource(device, kind) })),
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(0);
  pass.end();
  device.queue.submit([encoder.finish()]);
}

/**
 * Anything of a kind. The driver's key of a compiled program has of a texture's sizes whether they
 * are powers of two, as those of all textures of ours are.
 */
function resource(
  device: GPUDevice,
  { storageTexture, texture }: BoundKind,
): GPUBindingResource {
  if (!storageTexture && !texture) {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.UNIFORM;
    return { buffer: device.createBuffer({ size: 4096, usage }) };
  }
  return device.createTexture({
    size: [1, 1],
    format: storageTexture?.format ?? "r16float",
    // What nothing may be copied into is cleared by drawing, after which llvmpipe's timestamps count nothing.
    usage: GPUTextureUsage.COPY_DST |
      (storageTexture ? GPUTextureUsage.STORAGE_BINDING : GPUTextureUsage.TEXTURE_BINDING),
  }).createView();
}
