// Numbers that leave the device in the middle of a function and come back as others: those of all ranks.
import { registerHostKernel } from "./host_kernel.ts";
import { sizeOf, type Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** The name of the operation among tfjs's kernels. */
export const EXCHANGE = "NeocogExchange";

/** Who changes the numbers of an exchange. */
export type Channel = {
  /** Writes what comes back over what is sent. */
  send(values: Float32Array<ArrayBuffer>): Promise<void>;
  /** The same, for backends that cannot wait. */
  sendNow(values: Float32Array<ArrayBuffer>): void;
};

/** Attributes of the kernel. */
export type ExchangeAttributes = { readonly channel: Channel };

/**
 * Hands tensors to a channel, all numbers one after the other, and returns what comes back. On a GPU
 * it can be used only in a function under {@linkcode jitExchanging}, which goes on with what does
 * not depend on the result while the numbers are under way. There is no gradient.
 *
 * @param tensors of type float32
 * @returns tensors of the same shapes
 */
export function exchange(tensors: readonly Tensor[], channel: Channel): Tensor[] {
  const inputs = Object.fromEntries(tensors.map((tensor, i) => [`x${i}`, tensor]));
  const attributes: ExchangeAttributes = { channel };
  return [tf.engine().runKernel(EXCHANGE, inputs, attributes as unknown as tf.NamedAttrMap)]
    .flat() as Tensor[];
}

registerHostKernel<ExchangeAttributes>(EXCHANGE, (inputs, { channel }) => {
  const all = Object.values(inputs);
  const values = new Float32Array(all.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  let at = 0;
  for (const each of all) {
    values.set(each.values, at);
    at += each.values.length;
  }
  channel.sendNow(values);
  at = 0;
  return all.map(({ shape }) => ({ values: values.slice(at, at += sizeOf(shape)), shape }));
});
