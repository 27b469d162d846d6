// The files of a page, read when the task starts: no request names a file of the disk.
import { sha256Of } from "../../lib/files/sha256.ts";

/** A file that is served. */
export type StaticFile = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly tag: string;
};

/** The files of a page by the path of their address. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  txt: "text/plain; charset=utf-8",
};

/** A file to serve, of bytes at hand. */
export function staticFile(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): StaticFile {
  const type = TYPES[name.split(".").at(-1)!] ?? "text/plain; charset=utf-8";
  return { bytes, type, tag: `"${sha256Of(bytes).slice(0, 16)}"` };
}

/**
 * Reads the files of folders, and of folders in them. Their addresses are their paths, so that the
 * modules of a page import each other in the browser as on the disk.
 *
 * @param root where paths begin
 * @param folders paths from there; the first one's `index.html` is also the page at `/`
 */
export async function readStaticFiles(
  root: URL,
  folders: readonly string[],
): Promise<Map<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  const read = async (path: string): Promise<void> => {
    for await (const { name, isDirectory, isFile } of Deno.readDir(new URL(path, root))) {
      if (isDirectory) await read(`${path}/${name}`);
      if (!isFile) continue;
      const bytes = await Deno.readFile(new URL(`${path}/${name}`, root));
      files.set(`/${path}/${name}`, staticFile(name, bytes));
    }
  };
  for (const folder of folders) await read(folder);
  const index = files.get(`/${folders[0]}/index.html`);
  if (index) files.set("/", index);
  return files;
}

/** The answer to a request for a file, which the browser may have already. */
export function serveFile({ method, headers }: Request, file: StaticFile): Response {
  const common = { etag: file.tag, "cache-control": "no-cache" };
  if (headers.get("if-none-match") === file.tag) {
    return new Response(null, { status: 304, headers: common });
  }
  const length = `${file.bytes.length}`;
  return new Response(method === "HEAD" ? null : file.bytes, {
    headers: { ...common, "content-type": file.type, "content-length": length },
  });
}
