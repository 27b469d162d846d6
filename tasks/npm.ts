// `deno task npm`: the library as a package for Node.
// deno-lint-ignore no-import-prefix
import { ModuleKind, ScriptTarget, transpileDeclaration } from "npm:typescript@5.9.3";
import { writeFileAtomically } from "../lib/files/mod.ts";
import { bundled } from "./bundle/bundled.ts";
import { path, runCommand, toggle, type Values } from "./command.ts";
import { makeOutputDir } from "./command/files.ts";
import { say } from "./command/say.ts";

/** What the task takes. */
export const command = {
  name: "npm",
  summary: "Writes the library as an npm package for Node, with types, and packs it.",
  flags: {
    out: path({ default: "dist/npm-package", help: "folder of the package, and of its .tgz" }),
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  },
  examples: [
    ["deno task npm", "then elsewhere: npm install …/dist/npm-package/neocog-0.1.0.tgz"],
  ],
} as const;

const root = new URL("../", import.meta.url);

/** An npm package in the text of a module: `npm:name@1.2.3/path`. */
const SPECIFIER = /npm:((?:@[\w.-]+\/)?[\w.-]+)@(\d[\w.-]*)/g;

type Config = {
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string>>;
};

/** Names packages as Node does, and notes their versions. */
function forNode(text: string, versions: Map<string, string>): string {
  return text.replace(SPECIFIER, (_, name, version) => {
    versions.set(name, version);
    return name;
  });
}

/** The TypeScript files below a folder, from the root. */
function sourcesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, root))].flatMap(({ name, isDirectory }) =>
    isDirectory ? sourcesIn(`${folder}${name}/`) : name.endsWith(".ts") ? [`${folder}${name}`] : []
  );
}

/** The types of a source file, for other files' types beside it. */
function typesOf(file: string, versions: Map<string, string>): string {
  const { outputText } = transpileDeclaration(Deno.readTextFileSync(new URL(file, root)), {
    fileName: file,
    compilerOptions: {
      isolatedDeclarations: true,
      module: ModuleKind.ESNext,
      target: ScriptTarget.ESNext,
    },
  });
  const relative = outputText.replace(/(["'])(\.{1,2}\/[^"']*)\.ts\1/g, "$1$2.js$1");
  return forNode(relative, versions);
}

/** A module with a namespace's names: `neocog/explain`. */
async function entryOf(name: string, file: string): Promise<string> {
  const names = Object.keys(await import(new URL(file, root).href)).sort();
  return `import { ${name} as all } from "./index.js";\nexport const {\n  ${
    names.join(",\n  ")
  },\n} = all;\n`;
}

/** Packs the folder by npm; the name of what it left, or `undefined` if there is no npm. */
async function pack(out: string): Promise<string | undefined> {
  try {
    const { code, stdout, stderr } = await new Deno.Command("npm", {
      args: ["pack", "--ignore-scripts"],
      cwd: out,
    }).output();
    if (code === 0) return new TextDecoder().decode(stdout).trim().split("\n").at(-1);
    throw new Error(`Cannot pack ${out}: npm says ${new TextDecoder().decode(stderr).trim()}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    say("note: there is no npm, so the folder is not packed");
    return undefined;
  }
}

/** Runs the task. */
async function run({ out, json }: Values<typeof command.flags>): Promise<void> {
  const config: Config = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const write = async (file: string, text: string): Promise<void> => {
    const path = `${out}/${file}`;
    await makeOutputDir(path.slice(0, path.lastIndexOf("/")));
    await writeFileAtomically(path, new TextEncoder().encode(text));
  };
  say("bundling index.js");
  const [run, types] = [new Map<string, string>(), new Map<string, string>()];
  await write("index.js", forNode(await bundled(new URL("mod.ts", root).href, "node"), run));
  say("writing types");
  for (const file of ["mod.ts", ...sourcesIn("lib/")]) {
    await write(`types/${file.replace(/\.ts$/, ".d.ts")}`, typesOf(file, types));
  }
  const exports: Record<string, { readonly types: string; readonly default: string }> = {};
  for (const [entry, file] of Object.entries(config.exports)) {
    const name = entry === "." ? "index" : entry.slice(2);
    if (name !== "index") await write(`${name}.js`, await entryOf(name, file));
    const typed = file.replace(/^\.\//, "").replace(/\.ts$/, ".d.ts");
    exports[entry] = { types: `./types/${typed}`, default: `./${name}.js` };
  }
  const sorted = (versions: Map<string, string>): Record<string, string> =>
    Object.fromEntries([...versions].sort(([a], [b]) => a < b ? -1 : 1));
  // What is bundled is needed for its types alone.
  const needed = [...types].filter(([name]) =>
    !run.has(name) && /tfjs-core|webgpu.types/.test(name)
  );
  await write(
    "package.json",
    JSON.stringify(
      {
        name: "neocog",
        version: config.version,
        description: "Scriptable ConvNets on WebGPU",
        license: config.license,
        type: "module",
        engines: { node: ">=20" },
        exports,
        dependencies: sorted(new Map(needed)),
        // Imported when they are used: charts, ONNX, data sets.
        optionalDependencies: sorted(run),
      },
      undefined,
      2,
    ),
  );
  for (const file of ["README.md", "LICENSE", "CHANGELOG.md"]) {
    await write(file, await Deno.readTextFile(new URL(file, root)));
  }
  const packed = await pack(out);
  const tarball = packed && `${out}/${packed}`;
  if (json) console.log(JSON.stringify({ out, tarball }));
  else console.log(tarball ?? out);
}

if (import.meta.main) await runCommand(command, Deno.args, run);
