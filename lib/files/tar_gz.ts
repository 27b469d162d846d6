// Reads files of a .tar.gz, by modern-tar, which is loaded when an archive is opened.
import { attempting } from "./file_error.ts";

/** Loads the package. */
function loadTar(): Promise<Tar> {
  // A remote module does not see our deno.json, so the package is named and pinned here.
  // deno-lint-ignore no-import-prefix
  return import("npm:modern-tar@0.8.6");
}

/** The part of the package that is used. */
type Tar = {
  unpackTar(
    archive: ReadableStream<Uint8Array>,
    options: { readonly strict: boolean; readonly filter: (header: Header) => boolean },
  ): Promise<readonly { readonly header: Header; readonly data?: Uint8Array<ArrayBuffer> }[]>;
};

type Header = { readonly name: string; readonly size: number; readonly type?: string };

/**
 * Reads files of a gzipped tar archive into memory. The rest, which may have any size, is skipped.
 *
 * @param most the most bytes of a file by its name, the last part of its path in the archive;
 * `undefined` if it is not wanted
 * @throws {SyntaxError} if the archive is cut or damaged, or a wanted file is there twice or too large
 */
export async function filesOfTarGz(
  path: string,
  what: string,
  most: (name: string) => number | undefined,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const { unpackTar } = await loadTar();
  const file = await attempting(`Cannot read ${path}`, Deno.open(path));
  const names = new Set<string>();
  const filter = ({ name: inside, size, type }: Header): boolean => {
    const name = lastPart(inside);
    const limit = type === "file" ? most(name) : undefined;
    if (limit === undefined) return false;
    if (names.has(name)) throw bad(what, `it must have one file ${name}`, "two");
    if (size > limit) throw bad(what, `${name} must have at most ${limit} bytes`, size);
    names.add(name);
    return true;
  };
  try {
    const inflated = file.readable.pipeThrough(new DecompressionStream("gzip"));
    const entries = await unpackTar(inflated, { strict: true, filter });
    return new Map(entries.map(({ header, data }) => [lastPart(header.name), data!]));
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    throw bad(what, "it must be a whole .tar.gz", (error as Error).message, error);
  }
}

function lastPart(path: string): string {
  return path.split("/").at(-1)!;
}

function bad(what: string, rule: string, found: unknown, cause?: unknown): SyntaxError {
  return new SyntaxError(`Cannot unpack ${what}: ${rule}, got ${found}`, { cause });
}
