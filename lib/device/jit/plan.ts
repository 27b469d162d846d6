// A recording with buffers and bind groups of its own, run by one submit, or by one up to each exchange.
import type { Key } from "../../tensor/random.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { bindGroup } from "../run_command.ts";
import type { BufferPart } from "../transfers.ts";
import { type Arena, planArena } from "./arena.ts";
import { type Inputs, planInputs } from "./inputs.ts";
import { type KeyBook, keyBook } from "./keys.ts";
import type { Program } from "./lower.ts";
import {
  type Copy,
  type Exchange,
  type Run,
  type Storage,
  storagesOf,
  touched,
} from "./recording.ts";
import { TENSOR_USAGE } from "../buffer_bytes.ts";
import type { PlanParts } from "./plan_parts.ts";
import { giveResults } from "./results.ts";
import type { HeldTexture } from "../textures.ts";
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
  /** Whether it exchanges numbers with other ranks, so that it must be waited for. */
  readonly exchanges: boolean;
  /**
   * Runs it, with its exchanges. It must not be run again before it has ended.
   *
   * @param leaves as of `run`; they must live until it has ended
   */
  runExchanging(leaves: readonly (Tensor | number)[], keys: readonly Key[]): Promise<Tensor[]>;
  /** Frees its buffers; results live on. */
  dispose(): void;
};

/** A step with what replays need of it. */
type Prepared = Copy | Exchange | {
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
  steps: readonly Prepared[];
  /** What stood for the arguments' numbers at the last run. */
  last?: readonly (object | undefined)[];
  /** Whether textures that last were chosen. */
  keepsTextures?: boolean;
  /** What stands for the numbers in textures that last. */
  readonly filled: Map<HeldTexture, object>;
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
  const place = (leaves: readonly (Tensor | number)[], given: readonly Key[]): Equipment => {
    equipment ??= equip(parts, arena, keys);
    const changed = equipment.inputs.place(leaves);
    keepTextures(parts, equipment, leaves.length);
    rebind(parts, equipment, changed);
    equipment.uniforms.write(given);
    return equipment;
  };
  const give = (leaves: readonly (Tensor | number)[]): tf.TensorInfo[] => {
    const { inputs } = equipment!;
    return giveResults(parts, leaves, inputs, (place) => bufferOf(equipment!, place));
  };
  const finish = (made: readonly tf.TensorInfo[]): Tensor[] => {
    equipment?.inputs.releaseRest();
    return made.map((info) => tf.engine().makeTensorFromTensorInfo(info));
  };
  return {
    parts,
    exchanges: program.steps.some(({ kind }) => kind === "exchange"),
    arena,
    keys,
    isStale: (current) => current !== backend || current.faultCount !== faults,
    run(leaves, given): Tensor[] {
      const infos = leaves.filter((leaf) => typeof leaf !== "number");
      return finish(backend.replay(parts.name, infos, () => {
        const placed = place(leaves, given);
        encode(parts, placed, placed.steps);
        return give(leaves);
      }));
    },
    async runExchanging(leaves, given): Promise<Tensor[]> {
      const infos = leaves.filter((leaf) => typeof leaf !== "number");
      backend.replay(parts.name, infos, () => {
        place(leaves, given);
        return [];
      });
      await replayExchanging(parts, equipment!);
      return finish(backend.replay(parts.name, [], () => give(leaves)));
    },
    dispose(): void {
      captured.forEach((tensor) => tensor.dispose());
      if (!equipment || backend.isLost) return;
      equipment.inputs.dispose();
      for (const texture of equipment.filled.keys()) backend.textures.release(texture, true);
      for (const buffer of equipment.owned) backend.bufferManager.releaseBuffer(buffer, false);
      equipment = undefined;
    },
  };
}

/** Keeps alive what a program uses of tensors that are no arguments. */
function capture(backend: GuardedBackend, { steps, place, results }: Program): Tensor[] {
  const used = new Set([
    ...steps.flatMap(storagesOf),
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
  const all = program.steps.flatMap(storagesOf);
  for (const place of new Set([...all, ...program.results].map(program.place))) {
    const { origin, bytes } = place;
    if (origin.kind === "captured") fixed.set(place, backend.bufferOf(origin.info.dataId));
    if (origin.kind !== "constant" || bytes === 0) continue;
    const buffer = acquire(bytes, TENSOR_USAGE);
    backend.transfers.write(buffer, origin.bytes);
    fixed.set(place, buffer);
  }
  return {
    inputs: planInputs(parts),
    uniforms: planUniforms(backend, program, keys, acquire),
    steps: prepare(program, planTextures(program, backend.textures, () => false)),
    filled: new Map(),
    fixed,
    owned,
  };
}

/**
 * Once arguments have the same numbers as at the last run, such as a network's weights, gives
 * textures of their own to them, and to what is no argument: they are filled once.
 */
function keepTextures({ backend, program }: PlanParts, equipment: Equipment, leaves: number): void {
  const { inputs, steps, last = [], keepsTextures } = equipment;
  const fills = steps.some((step) => step.kind === "run" && step.held.fills.length > 0);
  if (keepsTextures || !fills) return;
  const now = Array.from({ length: leaves }, (_, leaf) => inputs.sameness(leaf));
  equipment.last = now;
  const same = now.map((one, leaf) => one !== undefined && one === last[leaf]);
  if (!same.includes(true)) return;
  equipment.keepsTextures = true;
  const isSame = (storage: Storage): boolean =>
    storage.origin.kind === "input"
      ? same[storage.origin.leaf]!
      : samenessOf(backend, equipment, storage) !== undefined;
  equipment.steps = prepare(program, planTextures(program, backend.textures, isSame));
}

/** What stands for the numbers of a storage that no step writes, as long as they are the same. */
function samenessOf(
  backend: GuardedBackend,
  { inputs }: Equipment,
  { origin }: Storage,
): object | undefined {
  if (origin.kind === "input") return inputs.sameness(origin.leaf);
  const isForeign = origin.kind === "captured" &&
    backend.tensorMap.get(origin.info.dataId).external;
  return isForeign ? undefined : origin;
}

function prepare(
  { steps, place }: Program,
  textures: ReadonlyMap<Run, Held>,
): Prepared[] {
  return steps.map((step) => {
    if (step.kind === "copy") return { kind: "copy", from: place(step.from), to: place(step.to) };
    if (step.kind === "exchange") {
      return { ...step, from: step.from.map(place), to: step.to.map(place) };
    }
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
    if (step.kind !== "run") continue;
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

/** Runs steps with exchanges: each is begun in its place, and waited for where it is needed. */
async function replayExchanging(
  parts: PlanParts,
  equipment: Equipment,
): Promise<void> {
  const { backend, name, program } = parts;
  const { steps } = equipment;
  const under = new Map<Storage, Promise<() => void>>();
  const partsOf = (storages: readonly Storage[]): BufferPart[] =>
    storages.map((one) => ({ buffer: bufferOf(equipment, one), bytes: one.bytes }));
  const read = new Set(
    [...program.steps.flatMap((step) => touched(step).reads), ...program.results]
      .map(program.place),
  );
  /** Writes what came back, but for what nobody reads: its place may be another's by now. */
  const write = (to: readonly Storage[], bytes: Uint8Array<ArrayBuffer>): void => {
    let at = 0;
    const wanted = to.map((one) => ({ one, bytes: bytes.subarray(at, at += one.bytes) }))
      .filter(({ one }) => read.has(one));
    if (wanted.length === to.length) return backend.transfers.writeParts(partsOf(to), bytes);
    for (const { one, bytes } of wanted) backend.transfers.writeParts(partsOf([one]), bytes);
  };
  /** Exchanges in the order of the program, which is that of all ranks. */
  let last: Promise<unknown> = Promise.resolve();
  const begin = ({ from, to, channel }: Exchange): void => {
    const sent = backend.transfers.read(partsOf(from), `run ${name}`);
    const before = last;
    const arrived = (async () => {
      const values = new Float32Array(await sent);
      await before;
      await channel.send(values);
      return () => write(to, new Uint8Array(values.buffer));
    })();
    arrived.catch(() => {}); // Thrown where it is waited for.
    last = arrived;
    for (const one of to) under.set(one, arrived);
  };
  /** Waits for the exchanges of storages, and for those before them. */
  const arrive = async (storages: readonly Storage[]): Promise<void> => {
    const waited = new Set(storages.flatMap((one) => under.get(one) ?? []));
    for (const write of await Promise.all(waited)) {
      backend.replay(name, [], () => {
        write();
        return [];
      });
    }
    for (const one of under.keys()) if (waited.has(under.get(one)!)) under.delete(one);
  };
  let at = 0;
  while (at < steps.length) {
    const needs = (step: Prepared): readonly Storage[] =>
      storagesOf(step.kind === "run" ? step.run : step).map(program.place)
        .filter((one) => under.has(one));
    await arrive(needs(steps[at]!));
    const from = at;
    while (at < steps.length && steps[at]!.kind !== "exchange" && needs(steps[at]!).length === 0) {
      at++;
    }
    if (at > from) {
      backend.replay(name, [], () => {
        encode(parts, equipment, steps.slice(from, at));
        return [];
      });
    }
    const next = steps[at];
    if (next?.kind === "exchange" && needs(next).length === 0) {
      begin(next);
      at++;
    }
  }
  await arrive([...under.keys()]);
}

function encode(
  { backend }: PlanParts,
  equipment: Equipment,
  steps: readonly Prepared[],
): void {
  for (const step of steps) {
    if (step.kind === "exchange") throw new Error("An exchange cannot be encoded");
    if (step.kind === "copy") {
      const [from, to] = [bufferOf(equipment, step.from), bufferOf(equipment, step.to)];
      backend.encoding.copy(from, to, step.from.bytes);
      continue;
    }
    for (const { from, texture, lasts } of step.held.fills) {
      if (lasts) {
        const same = samenessOf(backend, equipment, from);
        if (same && equipment.filled.get(texture) === same) continue;
        equipment.filled.set(texture, same ?? {});
      }
      backend.encoding.fill(bufferOf(equipment, from), from.bytes, texture.texture);
    }
    const { operation, workgroups } = step.run;
    backend.encoding.dispatch(operation, step.shapes, step.pipeline, step.group!, workgroups);
  }
}
