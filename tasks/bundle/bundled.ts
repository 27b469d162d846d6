// Bundles a module for where there is no Deno: what it uses of Deno and Node is replaced.
// deno-lint-ignore no-import-prefix
import { initialize, transform } from "npm:esbuild-wasm@0.28.2/esm/browser.js";
import { npmPackageFolder } from "../../lib/data/sources/npm_package.ts";

/** Where a bundle runs. */
export type Platform = "browser" | "node";

const root = new URL("../../", import.meta.url);
const here = (path: string): string => new URL(path, import.meta.url).href;

/** What stands for Node's modules in a browser. */
const STAND_INS = {
  "node:crypto": "browser/node_crypto.ts",
  "node:zlib": "browser/node_zlib.ts",
  "node:path": "browser/node_path.ts",
  "node:url": "browser/node_path.ts",
} as const;

/** The import map by which the stand-ins are found. */
const IMPORT_MAPS: Readonly<Record<Platform, object>> = {
  browser: {
    imports: Object.fromEntries(
      Object.entries(STAND_INS).map(([name, file]) => [name, here(file)]),
    ),
  },
  node: {},
};

/** What is put in front of a module: what stands for Deno, and of browsers, how they get files. */
const PRELUDES: Readonly<Record<Platform, string>> = {
  browser: `import ${JSON.stringify(here("browser/deno.ts"))};` +
    `export { addFile } from ${JSON.stringify(here("browser/files.ts"))};`,
  node: ["node/standard.ts", "node/deno.ts"].map((file) => `import ${JSON.stringify(here(file))};`)
    .join(""),
};

/**
 * A constant of the module, which covers the global: other code that looks for Deno finds none.
 */
const DENO = `const Deno=globalThis.Deno??globalThis[Symbol.for("neocog.deno")];\n`;

/** The syntax that is left: `using` is new. */
const TARGET = "es2022";

let started: Promise<void> | undefined;

/** esbuild as WebAssembly, which runs no other program. */
async function startEsbuild(): Promise<void> {
  const name = "esbuild-wasm@0.28.2";
  const folder = await npmPackageFolder(`npm:${name}`);
  const wasm = await Deno.readFile(new URL("esbuild.wasm", folder));
  await initialize({ wasmModule: await WebAssembly.compile(wasm), worker: false });
}

/**
 * Bundles a module with all that it imports.
 *
 * @param entry a path, a URL or an npm specifier
 * @param platform where it is to run
 * @param readable whether names and line breaks are kept
 * @returns the text of one ES module
 * @throws {Error} with what `deno bundle` says, if it refuses
 */
export async function bundled(
  entry: string,
  platform: Platform,
  readable = false,
): Promise<string> {
  await (started ??= startEsbuild());
  const { code } = await transform(await joined(entry, platform) + DENO, {
    format: "esm",
    target: TARGET,
    // Node wants them, and browsers know them where they load JSON.
    supported: { "import-attributes": true },
    minify: !readable,
    // Node shows the line in which an error is thrown.
    ...(platform === "node" ? { lineLimit: 200 } : {}),
    // Errors and profiles show them.
    keepNames: true,
    logLevel: "error",
  });
  return code;
}

/** What `deno bundle` makes of a module. */
async function joined(entry: string, platform: Platform): Promise<string> {
  const work = await Deno.makeTempDir({ prefix: "neocog-bundle-" });
  try {
    const [map, start, out] = ["imports.json", "entry.ts", "out.js"].map((name) =>
      `${work}/${name}`
    ) as [string, string, string];
    await Deno.writeTextFile(map, JSON.stringify(IMPORT_MAPS[platform]));
    await Deno.writeTextFile(start, entryOf(entry, platform));
    const { code, stderr } = await new Deno.Command("deno", {
      args: [
        ...["bundle", "--quiet", "--keep-names"],
        ...["--platform", platform === "node" ? "deno" : "browser"],
        ...["--import-map", map, "--output", out, start],
      ],
      cwd: root,
      stdin: "null",
      env: { NO_COLOR: "1" },
    }).output();
    if (code === 0) return `${await Deno.readTextFile(out)}\n`;
    const said = new TextDecoder().decode(stderr).trim();
    throw new Error(`Cannot bundle ${entry}: deno bundle says ${said}`);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** A module that has all that another one has. */
function entryOf(entry: string, platform: Platform): string {
  const quoted = JSON.stringify(entry);
  if (!entry.startsWith("npm:")) return `${PRELUDES[platform]}export * from ${quoted};`;
  return `export * from ${quoted};import * as all from ${quoted};export default all.default??all;`;
}
