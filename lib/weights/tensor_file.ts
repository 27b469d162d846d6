// Opens a file of named tensors, of whichever format.
import { openSafetensors } from "./safetensors_file.ts";
import type { TensorFile } from "./tensor_source.ts";
import { isTorch, openTorch } from "./torch_file.ts";

/**
 * Opens a file of tensors by its first bytes: safetensors, or PyTorch's `.pth` and `.pt`, of which
 * nothing is run.
 *
 * Needs `--allow-read` for `path`.
 *
 * @param path the file
 * @returns its tensors' types and shapes, and a way to read a tensor
 * @throws {SyntaxError} if it is of neither format, is damaged, or is a pickle of anything but
 * tensors
 * @throws {Error} of Deno's class for it (`NotFound`, …) if the system refuses
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openTensors, serializeSafetensors } from "@neocog/neocog/weights";
 *
 * const bias = { dtype: "float32", shape: [2], values: new Float32Array([0.5, 1]) } as const;
 * const path = await Deno.makeTempFile();
 * await Deno.writeFile(path, serializeSafetensors(new Map([["bias", bias]])));
 * await using file = await openTensors(path);
 * assertEquals(await file.read("bias"), bias);
 * ```
 */
export async function openTensors(path: string): Promise<TensorFile> {
  return await isTorch(path) ? await openTorch(path) : await openSafetensors(path);
}
