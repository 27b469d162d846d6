// A recording with buffers and bind groups of its own, run by one submit.
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { bindGroup, type GuardedBackend } from "../backend.ts";
import { type Arena, planArena } from "./arena.ts";
import { type Inputs, planInputs } from "./inputs.ts";
import { type KeyBook, keyBook } from "./keys.ts";
import type { Program } from "./lower.ts";
import type { Copy, Run, Storage } from "./recording.ts";
import { TENSOR_USAGE } from "../buffer_bytes.ts";
import type { PlanParts } from "./plan_parts.ts";
import { giveResults } from "./results.ts";
import { type Held, planTextures } from "./textures_of.ts";
import { planUniforms, type Uniforms } from "./uniforms.ts";

/** A recorded function, ready to be run. */
export type Plan = {
  readonly parts: PlanParts;
  readonly arena: Arena;
  readonly keys: KeyBook;
  /** Whether it cannot be run any more: the device is another, or something failed on it since. */
  isStale(backend: GuardedBackend): boolean;
  /**
   * Runs it.
   *
   * @param leaves the arguments' tensors and numbers
   * @param keys all keys, derived
   * @returns the results; the caller owns them
   */
  run(leaves: readonly (Tensor | number)[], keys: readonly Key[]): Tensor[];
  /** Frees its buffers; results live on. */
  dispose(): void;
};

/** A step with what replays need of it. */
type Prepared = Copy | {
  readonly kind: "run";
  readonly run: Run;
  readonly pipeline: GPUComputePipeline;
  readonly held: Held;
  readonly shapes: readonly (readonly number[])[];
  /** The arguments' leaves whose buffers it binds. */
  readonly leaves: readonly number[];
  group?: GPUBindGroup;
  /** Bind groups with the buffers of those leaves, for arguments that take turns. */
  readonly groups: { readonly buffers: readonly GPUBuffer[]; readonly group: GPUBindGroup }[];
};

/** How many bind groups of a dispatch are kept. */
const MOST_GROUPS = 4;

/** All that lies on the GPU between runs. */
type Equipment = {
  readonly inputs: Inputs;
  readonly uniforms: Uniforms;
  readonly steps: readonly Prepared[];
  /** Buffers of what is not an argument. */
  readonly fixed: ReadonlyMap<Storage, GPUBuffer>;
  readonly owned: readonly GPUBuffer[];
};

/** Makes a plan; its buffers are made when it first runs. */
export function makePlan(parts: PlanParts): Plan {
  const { backend, program, handedKeys } = parts;
  const arena = planArena(program);
  const keys = keyBook(handedKeys);
  const runs = program.steps.filter((step) => step.kind === "run");
  for (const { key } of runs) if (key) keys.note(key.words);
  const captured = capture(backend, program);
  const faults = backend.faultCount;
  let equipment: Equipment | undefined;
  return {
    parts,
    arena,
    keys,
    isStale: (current) => current !== backend || current.faultCount !== faults,
    run(leaves, given): Tensor[] {
      const infos = leaves.filter((leaf) => typeof leaf !== "number");
      const made = backend.replay(parts.name, infos, () => {
        equipment ??= equip(parts, arena, keys);
        const { inputs } = equipment;
        rebind(parts, equipment, inputs.place(leaves));
        equipment.uniforms.write(given);
        encode(parts, equipment);
        const from = (place: Storage): GPUBuffer => bufferOf(equipment!, place);
        return giveResults(parts, leaves, inputs, from);
      });
      equipment?.inputs.releaseRest();
      return made.map((info) => tf.engine().makeTensorFromTensorInfo(info));
    },
    dispose(): void {
      captured.forEach((tensor) => tensor.dispose());
      if (!equipment || backend.isLost) return;
      equipment.inputs.dispose();
      for (const buffer of equipment.owned) backend.bufferManager.releaseBuffer(buffer, false);
      equipment = undefined;
    },
  };
}

/** Keeps alive what a program uses of tensors that are no arguments. */
function capture(backend: GuardedBackend, { steps, place, results }: Program): Tensor[] {
  const used = new Set([
    ...steps.flatMap((step) =>
      step.kind === "copy" ? [step.from] : step.uses.map(({ storage }) => storage)
    ),
    ...results,
  ].map(place));
  return [...used].flatMap(({ origin }) => {
    if (origin.kind !== "captured") return [];
    backend.incRef(origin.info.dataId);
    return [tf.keep(tf.engine().makeTensorFromTensorInfo(origin.info))];
  });
}

function equip(parts: PlanParts, arena: Arena, keys: KeyBook): Equipment {
  const { backend, program } = parts;
  const owned: GPUBuffer[] = [];
  const acquire = (size: number, usage: number): GPUBuffer => {
    // Not from those tfjs has lying about, and not for them afterwards: sizes are seldom the same.
    const buffer = backend.bufferManager.acquireBuffer(size, usage, false, false);
    owned.push(buffer);
    return buffer;
  };
  const slots = arena.sizes.map((size) => acquire(size, TENSOR_USAGE));
  const fixed = new Map<Storage, GPUBuffer>();
  for (const [storage, slot] of arena.slots) fixed.set(storage, slots[slot]!);
  const all = program.steps.flatMap((step) =>
    step.kind === "copy" ? [step.from, step.to] : step.uses.map(({ storage }) => storage)
  );
  for (const place of new Set([...all, ...program.results].map(program.place))) {
    const { origin, bytes } = place;
    if (origin.kind === "captured") fixed.set(place, backend.bufferOf(origin.info.dataId));
    if (origin.kind !== "constant" || bytes === 0) continue;
    const buffer = acquire(bytes, TENSOR_USAGE);
    backend.writeBuffer(buffer, origin.bytes);
    fixed.set(place, buffer);
  }
  return {
    inputs: planInputs(parts),
    uniforms: planUniforms(backend, program, keys, acquire),
    steps: prepare(program, planTextures(program, backend.textures)),
    fixed,
    owned,
  };
}

function prepare(
  { steps, place }: Program,
  textures: ReadonlyMap<Run, Held>,
): Prepared[] {
  return steps.map((step) => {
    if (step.kind === "copy") return { kind: "copy", from: place(step.from), to: place(step.to) };
    const held = textures.get(step)!;
    const leaves = step.uses.flatMap(({ storage }, i) => {
      const { origin } = place(storage);
      return origin.kind === "input" && !held.bound.has(i) ? [origin.leaf] : [];
    });
    const shapes = step.uses.map(({ shape }) => shape);
    return { kind: "run", run: step, pipeline: step.pipeline(), held, shapes, leaves, groups: [] };
  });
}

function bufferOf({ fixed, inputs }: Equipment, place: Storage): GPUBuffer {
  const { origin } = place;
  return origin.kind === "input" ? inputs.bufferOf(origin.leaf) : fixed.get(place)!;
}

/** Makes the bind groups that are not made yet or name buffers of arguments that are others now. */
function rebind(
  { backend, program: { place } }: PlanParts,
  equipment: Equipment,
  changed: ReadonlySet<number>,
): void {
  for (const step of equipment.steps) {
    if (step.kind === "copy") continue;
    if (step.group && !step.leaves.some((leaf) => changed.has(leaf))) continue;
    const buffers = step.leaves.map(equipment.inputs.bufferOf);
    const known = step.groups.find((one) =>
      one.buffers.every((buffer, i) => buffer === buffers[i])
    );
    if (known) {
      step.group = known.group;
      continue;
    }
    const { run, held } = step;
    const resources = run.uses.map(({ storage, range }, i) => {
      const view = held.bound.get(i)?.view;
      const buffer = bufferOf(equipment, place(storage));
      return view ?? { buffer, ...(range ?? { size: storage.bytes }) };
    });
    const numbers = equipment.uniforms.bindingOf(run);
    step.group = bindGroup(backend.device, step.pipeline, [...resources, numbers]);
    step.groups.push({ buffers, group: step.group });
    if (step.groups.length > MOST_GROUPS) step.groups.shift();
  }
}

function encode({ backend }: PlanParts, equipment: Equipment): void {
  for (const step of equipment.steps) {
    if (step.kind === "copy") {
      const [from, to] = [bufferOf(equipment, step.from), bufferOf(equipment, step.to)];
      backend.encoding.copy(from, to, step.from.bytes);
      continue;
    }
    for (const { from, texture } of step.held.fills) {
      backend.encoding.fill(bufferOf(equipment, from), from.bytes, texture.texture);
    }
    const { operation, workgroups } = step.run;
    backend.encoding.dispatch(operation, step.shapes, step.pipeline, step.group!, workgroups);
  }
}
