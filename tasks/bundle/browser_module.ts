// Bundles a module for browsers: Node's modules and Deno are replaced by what a page has.

const root = new URL("../../", import.meta.url);
const standIns = new URL("browser/", import.meta.url);

/** What stands for Node's modules. */
const STAND_INS = {
  "node:crypto": "node_crypto.ts",
  "node:zlib": "node_zlib.ts",
  "node:path": "node_path.ts",
  "node:url": "node_path.ts",
} as const;

/** The import map by which the stand-ins are found. */
const IMPORT_MAP = JSON.stringify({
  imports: Object.fromEntries(
    Object.entries(STAND_INS).map(([name, file]) => [name, new URL(file, standIns).href]),
  ),
});

/**
 * A constant of the module, which covers the global: other code of a page that looks for Deno finds
 * none.
 */
const DENO = `const Deno=globalThis.Deno??globalThis[Symbol.for("neocog.deno")];\n`;

/**
 * Bundles a module with all that it imports.
 *
 * @param entry a path, a URL or an npm specifier
 * @param readable whether names and line breaks are kept
 * @returns the text of one ES module
 * @throws {Error} with what `deno bundle` says, if it refuses
 */
export async function browserModule(entry: string, readable = false): Promise<string> {
  const work = await Deno.makeTempDir({ prefix: "neocog-bundle-" });
  try {
    const [map, start, out] = ["imports.json", "entry.ts", "out.js"].map((name) =>
      `${work}/${name}`
    ) as [string, string, string];
    await Deno.writeTextFile(map, IMPORT_MAP);
    await Deno.writeTextFile(start, entryOf(entry));
    const minify = readable ? [] : ["--minify"];
    const { code, stderr } = await new Deno.Command("deno", {
      args: [
        ...["bundle", "--quiet", "--platform", "browser", "--keep-names", ...minify],
        ...["--import-map", map, "--output", out, start],
      ],
      cwd: root,
      stdin: "null",
      env: { NO_COLOR: "1" },
    }).output();
    if (code !== 0) {
      const said = new TextDecoder().decode(stderr).trim();
      throw new Error(`Cannot bundle ${entry}: deno bundle says ${said}`);
    }
    return `${await Deno.readTextFile(out)}\n${DENO}`;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** A module that has all that another one has, with the stand-ins. */
function entryOf(entry: string): string {
  const quoted = JSON.stringify(entry);
  if (!entry.startsWith("npm:")) {
    const deno = JSON.stringify(new URL("deno.ts", standIns).href);
    const files = JSON.stringify(new URL("files.ts", standIns).href);
    return `import ${deno};export * from ${quoted};export { addFile } from ${files};`;
  }
  return `export * from ${quoted};import * as all from ${quoted};export default all.default??all;`;
}
