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

/** Content types by the ends of names. */
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  wasm: "application/wasm",
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
  txt: "text/plain; charset=utf-8",
  LICENSE: "text/plain; charset=utf-8",
};

/** A file to serve, of bytes at hand. */
export function staticFile(
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): StaticFile {
  const type = TYPES[name.split(".").at(-1)!] ?? "application/octet-stream";
  return { bytes, type, tag: `"${sha256Of(bytes).slice(0, 16)}"` };
}

/**
 * Reads the files of folders, and of folders in them. Their addresses are their paths, so that the
 * modules of a page import each other in the browser as on the disk.
 *
 * @param root where paths begin
 * @param folders paths from there, `""` of all that is there; the first one's `index.html` is also
 * the page at `/`
 */
export async function readStaticFiles(
  root: URL,
  folders: readonly string[],
): Promise<Map<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  const inside = (folder: string, name: string): string => folder ? `${folder}/${name}` : name;
  const read = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory, isFile } of Deno.readDir(new URL(folder, root))) {
      const path = inside(folder, encodeURIComponent(name));
      if (isDirectory) await read(path);
      if (isFile) {
        files.set(`/${path}`, staticFile(name, await Deno.readFile(new URL(path, root))));
      }
    }
  };
  for (const folder of folders) await read(folder);
  const index = files.get(`/${inside(folders[0]!, "index.html")}`);
  if (index) files.set("/", index);
  return files;
}

/** The answer to a request for one of the files, which the browser may have already. */
export function answerFrom(files: StaticFiles, { method, headers, url }: Request): Response {
  if (method !== "GET" && method !== "HEAD") {
    return new Response("Cannot answer: the method must be GET or HEAD\n", {
      status: 405,
      headers: { allow: "GET, HEAD" },
    });
  }
  const file = files.get(new URL(url).pathname);
  if (!file) return new Response("There is no such page\n", { status: 404 });
  const common = { etag: file.tag, "cache-control": "no-cache" };
  if (headers.get("if-none-match") === file.tag) {
    return new Response(null, { status: 304, headers: common });
  }
  const length = `${file.bytes.length}`;
  return new Response(method === "HEAD" ? null : file.bytes, {
    headers: { ...common, "content-type": file.type, "content-length": length },
  });
}
