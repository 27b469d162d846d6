// Where a plan finds the numbers of its arguments.
import type { Tensor } from "../../tensor/tensor.ts";
import { bytesOf, TENSOR_USAGE } from "../buffer_bytes.ts";
import type { PlanParts } from "./plan_parts.ts";
import { type Storage, storagesOf } from "./recording.ts";

/** The buffers of a plan's arguments. */
export type Inputs = {
  /**
   * Brings the arguments' numbers where dispatches find them. What is on the GPU
   * is bound where it lies; what is on the host is written into a buffer of the
   * plan's own; the buffers of donated tensors become the plan's.
   *
   * @param leaves tensors and numbers
   * @returns the leaves whose buffers are others than at the last call
   */
  place(leaves: readonly (Tensor | number)[]): Set<number>;
  /** The buffer of a leaf. */
  bufferOf(leaf: number): GPUBuffer;
  /**
   * What stands for a leaf's numbers as long as they are the same: they lie in the buffer of a tensor,
   * which nobody writes over. `undefined` if they may be others at the next call.
   */
  sameness(leaf: number): object | undefined;
  /** Takes away the buffer of a donated leaf, for a result to own. */
  claim(leaf: number): GPUBuffer;
  /** Frees the buffers of donated leaves that nobody claimed. */
  releaseRest(): void;
  /** Frees the plan's own buffers. */
  dispose(): void;
};

/** Makes the keeper of a plan's arguments. */
export function planInputs(parts: PlanParts): Inputs {
  const { backend, donated } = parts;
  const wanted = wantedInputs(parts);
  const bound: (GPUBuffer | undefined)[] = [];
  const own = new Map<number, GPUBuffer>();
  const unclaimed = new Map<number, GPUBuffer>();
  const lastSeen: (object | undefined)[] = [];
  const ownBuffer = (leaf: number, bytes: number): GPUBuffer => {
    const buffer = own.get(leaf) ??
      backend.bufferManager.acquireBuffer(bytes, TENSOR_USAGE, false, false);
    own.set(leaf, buffer);
    return buffer;
  };
  const freeOwn = (leaf: number): void => {
    const buffer = own.get(leaf);
    if (buffer) backend.bufferManager.releaseBuffer(buffer, false);
    own.delete(leaf);
  };
  const placeBorrowed = (leaf: number, value: Tensor | number, bytes: number): GPUBuffer => {
    const data = typeof value === "number" ? undefined : backend.tensorMap.get(value.dataId);
    if (data && data.resource == null && lastSeen[leaf] === (value as Tensor).dataId) {
      // Handed in again: it is to stay on the GPU.
      backend.uploadToGPU((value as Tensor).dataId);
      freeOwn(leaf);
    }
    lastSeen[leaf] = data && (value as Tensor).dataId;
    if (data?.resource instanceof GPUBuffer) return data.resource;
    const buffer = ownBuffer(leaf, bytes);
    backend.transfers.write(buffer, hostBytes(parts, value));
    return buffer;
  };
  const placeDonated = (value: Tensor | number, bytes: number, alone: boolean): GPUBuffer => {
    const data = typeof value === "number" ? undefined : backend.tensorMap.get(value.dataId);
    const held = data?.resource;
    if (data && held instanceof GPUBuffer && alone && data.refCount === 1 && !data.external) {
      delete data.resource;
      return held;
    }
    const buffer = backend.bufferManager.acquireBuffer(bytes, TENSOR_USAGE);
    if (held instanceof GPUBuffer) backend.encoding.copy(held, buffer, bytes);
    else backend.transfers.write(buffer, hostBytes(parts, value));
    return buffer;
  };
  return {
    place(leaves): Set<number> {
      const changed = new Set<number>();
      const shared = sharedData(leaves);
      for (const [leaf, { bytes }] of wanted) {
        const value = leaves[leaf]!;
        const alone = typeof value === "number" || !shared.has(value.dataId);
        const buffer = donated[leaf]
          ? placeDonated(value, bytes, alone)
          : placeBorrowed(leaf, value, bytes);
        if (donated[leaf]) unclaimed.set(leaf, buffer);
        if (bound[leaf] !== buffer) changed.add(leaf);
        bound[leaf] = buffer;
      }
      return changed;
    },
    bufferOf: (leaf) => bound[leaf]!,
    sameness(leaf): object | undefined {
      const id = lastSeen[leaf];
      const data = id && backend.tensorMap.get(id);
      return data && !data.external && data.resource === bound[leaf] ? id : undefined;
    },
    claim(leaf): GPUBuffer {
      unclaimed.delete(leaf);
      return bound[leaf]!;
    },
    releaseRest(): void {
      for (const buffer of unclaimed.values()) backend.bufferManager.releaseBuffer(buffer);
      unclaimed.clear();
    },
    dispose(): void {
      for (const leaf of [...own.keys()]) freeOwn(leaf);
    },
  };
}

/** The leaves that steps or results need. */
function wantedInputs({ program }: PlanParts): Map<number, Storage> {
  const { steps, place, results } = program;
  const all = steps.flatMap(storagesOf);
  const wanted = new Map<number, Storage>();
  for (const storage of [...all, ...results].map(place)) {
    if (storage.origin.kind === "input") wanted.set(storage.origin.leaf, storage);
  }
  return wanted;
}

/** The data that is behind more than one leaf. */
function sharedData(leaves: readonly (Tensor | number)[]): Set<object> {
  const seen = new Set<object>();
  const shared = new Set<object>();
  for (const leaf of leaves) {
    if (typeof leaf === "number") continue;
    if (seen.has(leaf.dataId)) shared.add(leaf.dataId);
    seen.add(leaf.dataId);
  }
  return shared;
}

/** The numbers of a leaf that is not on the GPU. */
function hostBytes({ backend, name }: PlanParts, value: Tensor | number): Uint8Array<ArrayBuffer> {
  if (typeof value === "number") return bytesOf("float32", [value]);
  const { values, dtype } = backend.tensorMap.get(value.dataId);
  if (values == null) {
    throw new TypeError(
      `Cannot run ${name}: its arguments must have numbers, got a tensor [${value.shape}] without`,
    );
  }
  return bytesOf(dtype, values as ArrayLike<number>);
}
