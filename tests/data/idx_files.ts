// Small IDX files, and folders of them, for the tests of what reads them.

/** The bytes of an IDX file; `shape` may lie about `values`. */
export function idxBytes(
  shape: readonly number[],
  values: ArrayLike<number>,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 + 4 * shape.length + values.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, 8, shape.length]);
  shape.forEach((length, i): void => view.setUint32(4 + 4 * i, length));
  bytes.set(values, 4 + 4 * shape.length);
  return bytes;
}

/** The bytes, gzipped. */
export async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** `count` images of 28×28, no two alike. */
export function imageBytes(count: number): Uint8Array<ArrayBuffer> {
  const values = Uint8Array.from({ length: count * 784 }, (_, i) => (i * 7 + (i >> 8)) & 255);
  return idxBytes([count, 28, 28], values);
}

/** The four files of a sound data set of three training and two test images. */
export function soundFiles(): Record<string, Uint8Array<ArrayBuffer>> {
  return {
    "train-images-idx3-ubyte": imageBytes(3),
    "train-labels-idx1-ubyte": idxBytes([3], [9, 0, 4]),
    "t10k-images-idx3-ubyte": imageBytes(2),
    "t10k-labels-idx1-ubyte": idxBytes([2], [1, 2]),
  };
}

/** Runs `use` with a temporary folder that holds `files`. */
export async function withFolder(
  files: Readonly<Record<string, Uint8Array>>,
  use: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "neocog_data_" });
  try {
    for (const [name, bytes] of Object.entries(files)) {
      await Deno.writeFile(`${directory}/${name}`, bytes);
    }
    await use(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
