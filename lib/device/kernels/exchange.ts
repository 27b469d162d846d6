// An exchange of numbers with other ranks: recorded, as only a replay can wait for them.
import type { ExchangeAttributes } from "../../tensor/exchange.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";

/** The kernel function, the same for any adapter. */
export function exchange(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { channel } = attrs as unknown as ExchangeAttributes;
    const all = Object.values(inputs) as tf.TensorInfo[];
    const results = (backend as GuardedBackend).exchange(all, channel);
    return results.length === 1 ? results[0]! : results;
  };
}
