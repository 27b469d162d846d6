// The HDF Group's own library, compiled to WebAssembly by h5wasm, which is loaded when a file is opened or
// written. Its files are in memory.

// Not a literal inside `import()`: Deno fetches those when a program starts.
const H5WASM = "npm:h5wasm@0.10.3";

export type Package = typeof import("npm:h5wasm@0.10.3");
type Module = Awaited<Package["ready"]>;

/** The parts of Emscripten's files in memory that are used. */
type FileSystem = {
  writeFile(path: string, bytes: Uint8Array, options: { readonly canOwn: boolean }): void;
  readFile(path: string): Uint8Array<ArrayBuffer>;
  unlink(path: string): void;
  readonly streams: readonly { readonly tty: { ops: Terminal } }[];
};
type Terminal = { put_char(terminal: unknown, value: number): void; fsync(): void };

/** The library, and what it said since it was asked last. */
export type Library = {
  readonly Hdf5File: Package["File"];
  readonly Group: Package["Group"];
  readonly module: Module;
  readonly files: FileSystem;
  said(): string;
};

let library: Promise<Library> | undefined;

/** Loads the library, once. */
export function loadLibrary(): Promise<Library> {
  return library ??= (async () => {
    const { File: Hdf5File, Group, ready } = await import(H5WASM) as Package;
    const module = await ready;
    const files = (module as unknown as { readonly FS: FileSystem }).FS;
    let text = "";
    // What it would print of an error, and the devices that a file could name as a place of its data.
    files.streams[2]!.tty.ops = {
      put_char: (_, value) => void (text += String.fromCharCode(value)),
      fsync: () => {},
    };
    for (const device of ["stdin", "tty", "tty1", "random", "urandom"]) {
      files.unlink(`/dev/${device}`);
    }
    const said = (): string => {
      const all = text;
      text = "";
      return all;
    };
    return { Hdf5File, Group, module, files, said };
  })();
}

/** The innermost of the reasons that the library printed. */
export function lastReason(text: string): string | undefined {
  if (text === "") return undefined;
  return [...text.matchAll(/^ *#\d+:.*\(\): (.*)$/gm)].at(-1)?.[1] ?? text.trim();
}
