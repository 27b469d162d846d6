// A safetensors file on the disk, of which one tensor at a time is in memory.
import { attempting } from "../files/file_error.ts";
import { readAt } from "../files/read_at.ts";
import type { HostTensor } from "./host_tensor.ts";
import { converted, entryOf } from "./safetensors.ts";
import { type SafetensorsDtype, takeElements } from "./safetensors_dtype.ts";
import {
  badFile,
  type Entry,
  type Header,
  headerLength,
  parseHeader,
  PREFIX_LENGTH,
} from "./safetensors_header.ts";

/** What a safetensors file's header says of a tensor. */
export type TensorInfo = {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
};

/** An open safetensors file; whoever opened it closes it. */
export type SafetensorsFile = AsyncDisposable & {
  /** The file's name, for messages. */
  readonly file: string;
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Its tensors by name, in the order of their data. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /**
   * Reads one tensor, in the host's numbers as {@linkcode hostTensor} has them. Those of F32 and
   * I32 are read in place; others are converted into a second copy.
   *
   * @param name the tensor's name
   * @returns the tensor
   * @throws {RangeError} if the file has no such tensor, or is closed
   * @throws {SyntaxError} if a value is beyond int32 or float32, the type has no host
   * counterpart, or the file was cut since it was opened
   */
  read(name: string): Promise<HostTensor>;
  /** Closes the file; closing it again does nothing. */
  close(): void;
};

class OpenFile implements SafetensorsFile {
  readonly file: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #handle: Deno.FsFile;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #dataStart: number;
  /** Reads share the file's one position, so that each waits for the one before. */
  #last: Promise<unknown> = Promise.resolve();
  #isOpen = true;

  constructor(handle: Deno.FsFile, header: Header, file: string) {
    this.file = file;
    this.metadata = header.metadata;
    this.#handle = handle;
    this.#entries = new Map(header.entries.map((entry) => [entry.name, entry]));
    this.#dataStart = header.dataStart;
  }

  get tensors(): ReadonlyMap<string, TensorInfo> {
    return this.#entries;
  }

  async read(name: string): Promise<HostTensor> {
    const { dtype, shape, begin, end } = entryOf(this.#entries, name, this.file);
    const reading = this.#last.then(() => this.#bytes(this.#dataStart + begin, end - begin));
    this.#last = reading.then(() => {}, () => {});
    const { buffer } = await reading;
    return converted(name, shape, () => takeElements(dtype, () => buffer), this.file);
  }

  async #bytes(at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!this.#isOpen) {
      throw new RangeError(`Cannot read ${this.file}: it must be open, got closed`);
    }
    return await readBytes(this.#handle, at, length, this.file);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#handle.close();
  }

  /** Waits for the reads that were begun. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#last;
    this.close();
  }
}

/**
 * Opens a safetensors file and checks its header by every rule of the format, without reading
 * more of the file.
 *
 * Needs `--allow-read` for `path`.
 *
 * @param path the file
 * @returns its tensors' types and shapes, its metadata, and a way to read a tensor
 * @throws {SyntaxError} if a rule is broken, as {@linkcode parseSafetensors} does
 * @throws {Error} of Deno's class for it (`NotFound`, …) if the system refuses
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openSafetensors, serializeSafetensors } from "@neocog/neocog/weights";
 *
 * const bias = { dtype: "float32", shape: [2], values: new Float32Array([0.5, -0]) } as const;
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * await Deno.writeFile(path, serializeSafetensors(new Map([["bias", bias]])));
 * await using file = await openSafetensors(path);
 * assertEquals([...file.tensors.keys()], ["bias"]);
 * assertEquals(await file.read("bias"), bias);
 * ```
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const handle = await attempting(`Cannot read ${path}`, Deno.open(path));
  try {
    const size = await fileSize(handle, path);
    const prefix = await readBytes(handle, 0, Math.min(PREFIX_LENGTH, size), path);
    const length = headerLength(prefix, size, path);
    const header = await readBytes(handle, PREFIX_LENGTH, length, path);
    return new OpenFile(handle, parseHeader(header, size, path), path);
  } catch (error) {
    handle.close();
    throw error;
  }
}

async function fileSize(handle: Deno.FsFile, path: string): Promise<number> {
  const { isFile, isDirectory, size } = await handle.stat();
  // Of a pipe or a device the size is not known before its end.
  if (isFile) return size;
  throw badFile(path, "it must be a regular file", isDirectory ? "a directory" : "a device");
}

/** So many bytes from a place in the file, which must have them. */
async function readBytes(
  handle: Deno.FsFile,
  at: number,
  length: number,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await attempting(`Cannot read ${path}`, readAt(handle, at, length));
  if (bytes.length === length) return bytes;
  throw badFile(path, `it must have ${at + length} bytes`, at + bytes.length);
}
