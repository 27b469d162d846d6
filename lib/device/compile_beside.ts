// Compiles programs on a second device while the first one waits for Mesa's compiler.
import { tf } from "../tensor/tf.ts";
import { adapterName, findAdapter, openDevice } from "./adapter.ts";
import { GuardedBackend } from "./backend.ts";
import { type BoundKind, makePipeline, type PipelineText } from "./pipeline.ts";

/** Shorter texts take about as long to compile as to be read from the cache. */
const LONG_TEXT = 4000;

/** The first text shorter than this is compiled at once, to see whether it was in the cache. */
const SAMPLE_TEXT = 8000;

/** Fewer long texts are not worth a second device. */
const LEAST_TEXTS = 4;

/** No long text is compiled in this time, in milliseconds, and each is read from the cache in it. */
const CACHED_MS = 40;

/** Letters of a text that the driver compiles in a millisecond, about: the more take the longer. */
const LETTERS_PER_MS = 30;

/** What {@linkcode compileBeside} has to know of the pipelines that were made since it was called. */
type Made = {
  /** Texts that nobody has compiled yet. */
  readonly texts: PipelineText[];
  /** Whether the first long one that was tried was in the cache; `undefined` if none was. */
  isCached?: boolean;
  /** Until when the driver compiles what it was given last, about. */
  busyUntil: number;
};

const isLong = ({ code }: PipelineText): boolean => code.length >= LONG_TEXT;

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
  const made = madeOn.get(device) ?? { texts: [], busyUntil: 0 };
  madeOn.set(device, made);
  const { code, bound } = text;
  if (isLong(text) && made.isCached === undefined && code.length < SAMPLE_TEXT) {
    made.isCached = compileNow(device, text, pipeline) < CACHED_MS;
  } else if (isLong(text) && made.isCached === false && performance.now() > made.busyUntil) {
    dispatchNothing(device, bound, pipeline);
    made.busyUntil = performance.now() + code.length / LETTERS_PER_MS;
  } else {
    made.texts.push(text);
  }
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
  const { texts, isCached } = madeOn.get(backend.device) ?? { texts: [] };
  madeOn.delete(backend.device);
  if (isCached !== false || texts.filter(isLong).length < LEAST_TEXTS) return 0;
  const device = await openAnother().catch(() => undefined);
  if (!device) return 0;
  const met = texts.toReversed().findIndex((text) =>
    compileNow(device, text, makePipeline(device, text)) < CACHED_MS && isLong(text)
  );
  device.destroy();
  return met < 0 ? texts.length : met;
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
    usage: storageTexture ? GPUTextureUsage.STORAGE_BINDING : GPUTextureUsage.TEXTURE_BINDING,
  }).createView();
}
