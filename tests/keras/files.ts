// Keras models for tests.
import { decoded, floats } from "../onnx/files.ts";
import { tf } from "../../mod.ts";

/** Numbers with their shape in a golden file. */
export type Packed = { readonly shape: readonly number[]; readonly values: string };

/** Bytes of gzip in base64. */
export async function unpacked(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([decoded(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A tensor of a golden file. */
export function tensorOf({ shape, values }: Packed): tf.Tensor {
  return tf.tensor(floats(values), [...shape]);
}

/** Calls with the path of a file of these bytes. */
export async function onKerasFile(
  bytes: Uint8Array,
  use: (path: string, folder: string) => Promise<void>,
  ending = ".keras",
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/model${ending}`;
    await Deno.writeFile(path, bytes);
    await use(path, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
