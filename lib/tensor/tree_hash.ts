// The hash of a tree's numbers: whether two are equal to the last bit.
import { entries, type Tree } from "./tree.ts";

/**
 * The SHA-256 of a tree's numbers, with their places and shapes: equal if and only if all bits are.
 *
 * @param tree such as the parameters of a network
 * @returns 64 hexadecimal digits
 * @throws {DeviceError} if the device failed
 *
 * @example
 * ```ts
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * import { start, tf } from "@neocog/neocog";
 * import { treeHash } from "@neocog/neocog/tensor";
 *
 * await start({ backend: "cpu" });
 * const hash = await treeHash({ x: tf.tensor1d([1, 2]) });
 * assertEquals(hash, await treeHash({ x: tf.tensor1d([1, 2]) }));
 * assertNotEquals(hash, await treeHash({ x: tf.tensor1d([1, 2.0000002]) }));
 * ```
 */
export async function treeHash(tree: Tree): Promise<string> {
  const all = entries(tree);
  const header = new TextEncoder().encode(
    JSON.stringify(all.map(([path, { shape, dtype }]) => [path, shape, dtype])),
  );
  const values = await Promise.all(all.map(([, leaf]) => leaf.data()));
  const digest = await crypto.subtle.digest("SHA-256", joined([header, ...values.map(bytesOf)]));
  return new Uint8Array(digest).toHex();
}

/** The bytes of numbers. */
export function bytesOf(values: ArrayBufferView): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = values;
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Bytes one after the other. */
export function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
