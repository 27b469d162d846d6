// ONNX files for tests, and the order of their axes.
import { tf } from "../../mod.ts";

/** Bytes in base64. */
export function decoded(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** float32 numbers in base64. */
export function floats(text: string): Float32Array {
  return new Float32Array(decoded(text).buffer);
}

/** Calls with the path of a file of these bytes, in a folder of its own. */
export async function onFile(
  bytes: Uint8Array,
  use: (path: string, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/model.onnx`;
    await Deno.writeFile(path, bytes);
    await use(path, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Images with the channels last; all else as it is. */
export function toOurOrder(x: tf.Tensor): tf.Tensor {
  return x.rank === 4 ? tf.transpose(x, [0, 2, 3, 1]) : x;
}

/** Images with the channels first; all else as it is. */
export function toOnnxOrder(x: tf.Tensor): tf.Tensor {
  return x.rank === 4 ? tf.transpose(x, [0, 3, 1, 2]) : x;
}
