// The numbers of a plan's dispatches, in one buffer.
import type { Key } from "../../tensor/random.ts";
import type { GuardedBackend } from "../backend.ts";
import type { KeyBook } from "./keys.ts";
import type { Program } from "./lower.ts";
import type { Run } from "./recording.ts";

/** A plan's uniform buffer. */
export type Uniforms = {
  /** Where a dispatch's numbers lie. */
  bindingOf(run: Run): GPUBufferBinding;
  /** Writes the words of keys, given all keys by their numbers. */
  write(keys: readonly Key[]): void;
};

/**
 * Lays the numbers of all dispatches into one buffer: those that hold keys first,
 * so that one write renews them.
 *
 * @param acquire makes a buffer that the plan owns
 */
export function planUniforms(
  backend: GuardedBackend,
  { steps }: Program,
  keys: KeyBook,
  acquire: (size: number, usage: number) => GPUBuffer,
): Uniforms {
  const runs = steps.filter((step) => step.kind === "run");
  const keyed = runs.filter(({ key }) => key);
  const alignment = backend.device.limits.minUniformBufferOffsetAlignment;
  const offsets = new Map<Run, number>();
  let end = 0;
  let keyedEnd = 0;
  for (const run of [...keyed, ...runs.filter(({ key }) => !key)]) {
    offsets.set(run, end);
    end += Math.ceil(run.uniforms.byteLength / alignment) * alignment;
    if (run.key) keyedEnd = end;
  }
  const image = new Uint8Array(end);
  for (const [run, offset] of offsets) image.set(run.uniforms, offset);
  const words = new Uint32Array(image.buffer);
  const places = keyed.map((run): [place: number, key: number] => [
    offsets.get(run)! / 4 + run.key!.at,
    keys.note(run.key!.words),
  ]);
  const buffer = acquire(Math.max(16, end), GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
  if (end > 0) backend.transfers.write(buffer, image);
  return {
    bindingOf: (run) => ({ buffer, offset: offsets.get(run)!, size: run.uniforms.byteLength }),
    write(all): void {
      for (const [place, key] of places) words.set(all[key]!, place);
      if (keyedEnd > 0) backend.transfers.write(buffer, image.subarray(0, keyedEnd));
    },
  };
}
