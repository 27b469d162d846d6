// What a function gives to the GPU, taken down instead of run.
import type { Channel } from "../../tensor/exchange.ts";
import type { Key } from "../../tensor/random.ts";
import { tf } from "../../tensor/tf.ts";
import { isTraced } from "../../tensor/traced_key.ts";
import type { GuardedBackend } from "../backend.ts";
import { bytesOf } from "../buffer_bytes.ts";
import type { Bound, Command, CommandRecorder } from "../command.ts";

/** Where a tensor's numbers come from. */
export type Origin =
  /** Steps write them. */
  | { readonly kind: "made" }
  /** An argument: the leaf of that number. */
  | { readonly kind: "input"; readonly leaf: number }
  /** Made on the host within the function: baked in. */
  | { readonly kind: "constant"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** On the GPU before the function was called, and no argument: the plan keeps it alive. */
  | { readonly kind: "captured"; readonly info: tf.TensorInfo };

/** A tensor's numbers, whatever shapes they are seen in. */
export type Storage = {
  readonly origin: Origin;
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  /** Four bytes a number; of float16 two, to a multiple of four. */
  readonly bytes: number;
  /** Whether the numbers are held as float16. */
  readonly half?: true;
};

/** Storage as a dispatch binds it. */
export type Use = Omit<Bound, "info"> & {
  readonly storage: Storage;
  readonly shape: readonly number[];
};

/** A dispatch. */
export type Run = Omit<Command, "bound"> & {
  readonly kind: "run";
  readonly uses: readonly Use[];
};

/** A copy of all numbers of one storage to another. */
export type Copy = { readonly kind: "copy"; readonly from: Storage; readonly to: Storage };

/** Numbers that are handed to a channel, and the places of those that come back. */
export type Exchange = {
  readonly kind: "exchange";
  readonly from: readonly Storage[];
  readonly to: readonly Storage[];
  readonly channel: Channel;
};

/** What a recorded function does, in order. */
export type Step = Run | Copy | Exchange;

/** The storages that a step uses. */
export function storagesOf(step: Step): readonly Storage[] {
  if (step.kind === "run") return step.uses.map(({ storage }) => storage);
  return [step.from, step.to].flat();
}

/** The storages that a step writes and those whose numbers it needs. */
export function touched(step: Step): { writes: Storage[]; reads: Storage[] } {
  if (step.kind !== "run") return { writes: [step.to].flat(), reads: [step.from].flat() };
  const of = (...kinds: string[]): Storage[] =>
    step.uses.filter(({ access }) => kinds.includes(access)).map(({ storage }) => storage);
  return { writes: of("write", "update"), reads: of("read", "update") };
}

/** A recorder, and what it took down. */
export type Recording = CommandRecorder & {
  readonly steps: readonly Step[];
  /** Why the function cannot be recorded, if it cannot. */
  readonly refusal: Error | undefined;
  /** Makes the stand-in for an argument. */
  placeholder(leaf: number, shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  /** The flag of overflows, if tensors are to be held as float16. */
  readonly overflow: Storage | undefined;
  /** The storage behind a tensor. */
  storageOf(info: tf.TensorInfo): Storage;
  /** Says that tensors made since are no tensors. */
  end(): void;
};

/** Small constants of the same bytes are one. */
const SHARED_BYTES = 64;

/**
 * Begins to record.
 *
 * @returns the recorder for `backend.recording`
 */
export function record(backend: GuardedBackend): Recording {
  const steps: Step[] = [];
  const storages = new Map<object, Storage>();
  const constants = new Map<string, Storage>();
  let refusal: Error | undefined;
  let overflow: Storage | undefined;
  const refuse = (error: Error): Error => refusal ??= error;
  const remember = (info: tf.TensorInfo, origin: Origin): Storage => {
    const { shape, dtype } = info;
    const storage = { origin, shape, dtype, bytes: 4 * tf.util.sizeFromShape(shape) };
    storages.set(info.dataId, storage);
    return storage;
  };
  const constant = (info: tf.TensorInfo, values: ArrayLike<number>): Storage => {
    const bytes = bytesOf(info.dtype, values);
    if (bytes.byteLength > SHARED_BYTES) return remember(info, { kind: "constant", bytes });
    const name = `${info.dtype} ${new Uint32Array(bytes.buffer)}`;
    const storage = constants.get(name) ?? remember(info, { kind: "constant", bytes });
    constants.set(name, storage);
    storages.set(info.dataId, storage);
    return storage;
  };
  const find = (info: tf.TensorInfo): Storage | undefined => {
    const known = storages.get(info.dataId);
    if (known) return known;
    const { values, resource, dtype } = backend.tensorMap.get(info.dataId);
    if (dtype === "string" || dtype === "complex64") throw refuse(refuseType(dtype));
    if (resource instanceof GPUBuffer) return remember(info, { kind: "captured", info });
    // A cast calls whole numbers float32, and leaves it to tfjs's programs to convert them.
    return values == null ? undefined : constant({ ...info, dtype }, values as ArrayLike<number>);
  };
  const storageOf = (info: tf.TensorInfo): Storage => {
    const storage = find(info);
    if (storage) return storage;
    throw refuse(
      new TypeError(
        `Cannot record a function: the tensors it uses must have numbers, got ${info.dtype} [${info.shape}] without`,
      ),
    );
  };
  /** What a step writes: never what others may still look at. */
  const written = (info: tf.TensorInfo): Storage => {
    const storage = find(info);
    if (!storage || storage.origin.kind === "made") {
      return storage ?? remember(info, { kind: "made" });
    }
    if (storage.origin.kind !== "constant") throw refuse(refuseUpdate(storage));
    const copy = remember(info, { kind: "made" });
    steps.push({ kind: "copy", from: storage, to: copy });
    return copy;
  };
  return {
    steps,
    refuse,
    storageOf,
    get refusal() {
      return refusal;
    },
    get overflow() {
      return overflow;
    },
    isGiven: (info) => find(info)?.origin.kind !== "made",
    holdHalves: (flag) => void (overflow = storageOf(flag)),
    placeholder(leaf, shape, dtype) {
      const info = backend.makeTensorInfo([...shape], dtype);
      remember(info, { kind: "input", leaf });
      return info;
    },
    run({ bound, ...command }) {
      const uses = bound.map(({ info, access, texels, range }): Use => {
        const known = access !== "write" || find(info) !== undefined;
        const storage = access === "read" ? storageOf(info) : written(info);
        const sure = access === "write" && known ? "update" : access;
        return { storage, access: sure, texels, range, shape: info.shape };
      });
      steps.push({ ...command, kind: "run", uses, key: tracedOf(command.key) });
    },
    copy(from, to) {
      steps.push({ kind: "copy", from: storageOf(from), to: remember(to, { kind: "made" }) });
    },
    exchange(from, to, channel) {
      steps.push({
        kind: "exchange",
        from: from.map(storageOf),
        to: to.map((info) => remember(info, { kind: "made" })),
        channel,
      });
    },
    end(): void {
      for (const [id, { origin }] of storages) {
        const real = origin.kind === "constant" || origin.kind === "captured";
        if (!real && backend.tensorMap.has(id)) backend.markUnreal(id);
      }
    },
  };
}

/** A key that is not traced lies among the uniforms already. */
function tracedOf(key: Command["key"]): { words: Key; at: number } | undefined {
  return key && isTraced(key.words) ? key : undefined;
}

function refuseType(dtype: tf.DataType): TypeError {
  return new TypeError(
    `Cannot record a function: its tensors must be of numbers, got of type ${dtype}`,
  );
}

function refuseUpdate({ origin, shape }: Storage): TypeError {
  return new TypeError(
    `Cannot record a function: it may write over what it made alone, got [${shape}], ${
      origin.kind === "input" ? "an argument" : "a tensor from outside"
    }. Write over a copy, which costs nothing where the argument is donated`,
  );
}
