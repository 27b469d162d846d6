// The house's plan: who may import whom, and that lib/ and mod.ts need no configuration.
import { assert, assertEquals, assertGreater } from "@std/assert";

const root = new URL("../", import.meta.url);

/**
 * The floors of lib/, each below those that stand on it, with the floors it may import besides
 * itself: those it needs, and no more.
 */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  text: [],
  world: ["text"],
  tensor: ["text"],
  image: ["text"],
  files: ["text"],
  device: ["tensor", "text", "world"],
  chart: ["text"],
  layers: ["tensor", "text"],
  losses: ["tensor", "text"],
  optimizers: ["tensor", "text"],
  data: ["tensor", "text", "image", "files", "world"],
  augment: ["tensor", "text", "image", "data"],
  models: ["tensor", "text", "layers"],
  sizing: ["tensor", "text", "layers", "chart"],
  imported: ["tensor", "layers"],
  exported: ["tensor", "layers"],
  onnx: ["tensor", "layers", "imported", "exported", "files"],
  keras: ["tensor", "files", "layers", "imported", "exported"],
  tfjs: ["tensor", "files", "layers", "imported", "exported", "keras"],
  weights: [
    "tensor",
    "text",
    "image",
    "files",
    "data",
    "layers",
    "models",
    "imported",
    "onnx",
    "keras",
    "tfjs",
  ],
  train: [
    "tensor",
    "text",
    "image",
    "files",
    "weights",
    "device",
    "layers",
    "losses",
    "optimizers",
    "data",
    "augment",
    "chart",
    "world",
  ],
  transfer: [
    "tensor",
    "text",
    "weights",
    "device",
    "layers",
    "losses",
    "optimizers",
    "data",
    "augment",
    "train",
  ],
  serve: ["tensor", "text", "image", "layers", "device", "weights", "train"],
  explain: ["tensor", "text", "image", "layers", "device", "data", "sizing", "chart", "world"],
  notebook: ["tensor", "text", "image", "layers", "sizing", "explain", "train"],
  generate: [
    "tensor",
    "text",
    "image",
    "layers",
    "device",
    "optimizers",
    "explain",
    "data",
    "chart",
  ],
};

/** The floors that may name tfjs. */
const TFJS_FLOORS = ["tensor", "device"];

/** The TypeScript files below a folder, as paths from the root. */
function filesBelow(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, root))].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(`${folder}${name}/`) : name.endsWith(".ts") ? [`${folder}${name}`] : []
  ).sort();
}

/**
 * The specifiers in a module's text: of imports and exports, static or by `import()`, of
 * references to types, and, wherever they stand, strings that begin with `npm:` or `jsr:`.
 */
function specifiersOf(text: string): string[] {
  const references = [...text.matchAll(/^\/\/\/ *<reference .*?(?:types|path)="([^"]+)"/gm)];
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const found = [
    ...code.matchAll(/^\s*(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm),
    ...code.matchAll(/^\s*import\s*["']([^"']+)["']/gm),
    ...code.matchAll(/\bimport\(\s*["'`]([^"'`]+)["'`]/g),
    ...code.matchAll(/["'`]((?:npm|jsr|https?):[^"'`$]+)["'`]/g),
  ];
  return [...new Set([...references, ...found].map((match) => match[1]!))];
}

/** The modules of a folder with their specifiers. */
function modulesBelow(folder: string): [file: string, specifiers: string[]][] {
  return filesBelow(folder).map((file) => [
    file,
    specifiersOf(Deno.readTextFileSync(new URL(file, root))),
  ]);
}

/** The path from the root that a relative specifier means. */
function resolve(file: string, specifier: string): string {
  return new URL(specifier, new URL(file, root)).href.slice(root.href.length);
}

const isRelative = (specifier: string): boolean => /^\.\.?\//.test(specifier);
const floorOf = (path: string): string => path.split("/")[1]!;

const library = modulesBelow("lib/");
const mod: [string, string[]] = [
  "mod.ts",
  specifiersOf(Deno.readTextFileSync(new URL("mod.ts", root))),
];

/** Names in XML that look like addresses: nothing is fetched from there. */
const NAMESPACE = /^http:\/\/www\.w3\.org\//;

/** An npm package with its exact version, and perhaps a path in it. */
const PINNED = /^npm:((?:@[\w.-]+\/)?[\w.-]+)@\d+\.\d+\.\d+(?:\/\S+)?$/;

Deno.test("specifiers are found in whatever form they are written", () => {
  const text = `
/// <reference types="npm:a@1.0.0" />
import b from "b";
import type { c1,
  c2 } from 'c';
export * from "./d.ts";
export {
  type e1,
  e2,
} from "./e.ts";
import "f";
const g = await import("g");
const h = "npm:h@1.0.0/x.js";
import i from "npm:i@2"; // import z from "z";
/** import { y } from "y"; */
 // import x from "x";
`;
  assertEquals(
    specifiersOf(text).sort(),
    ["./d.ts", "./e.ts", "b", "c", "f", "g", "npm:a@1.0.0", "npm:h@1.0.0/x.js", "npm:i@2"],
  );
});

Deno.test("as many dependencies are found as Deno finds", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "mod.ts"],
    cwd: root,
  }).output();
  type Info = { modules: { specifier: string; dependencies?: { specifier: string }[] }[] };
  const { modules }: Info = JSON.parse(new TextDecoder().decode(stdout));
  const ours = modules.filter(({ specifier }) => specifier.startsWith(root.href));
  assertGreater(ours.length, 50);
  const known = new Map([...library, mod]);
  for (const { specifier, dependencies = [] } of ours) {
    const file = specifier.slice(root.href.length);
    for (const dependency of dependencies) {
      assert(
        known.get(file)?.includes(dependency.specifier),
        `${file}: ${dependency.specifier} was not found`,
      );
    }
  }
});

Deno.test("lib/ and mod.ts import by relative paths, exact npm versions and node: alone", () => {
  const wrong = [...library, mod].flatMap(([file, specifiers]) =>
    specifiers
      .filter((one) => !isRelative(one) && !one.startsWith("node:") && !PINNED.test(one))
      .filter((one) => !NAMESPACE.test(one))
      .map((one) => `${file}: ${one}`)
  );
  assertEquals(wrong, []);
});

Deno.test("each npm package is named in one file of lib/, and tfjs by its two floors alone", () => {
  const places = new Map<string, Set<string>>();
  for (const [file, specifiers] of [...library, mod]) {
    for (const one of specifiers) {
      const name = PINNED.exec(one)?.[1];
      if (name) places.set(name, new Set(places.get(name)).add(file));
    }
  }
  assertGreater(places.size, 0);
  assertEquals([...places].filter(([, files]) => files.size !== 1), []);
  const tfjs = [...places].filter(([name]) => name.startsWith("@tensorflow/"));
  assertEquals(tfjs.filter(([, [file]]) => !TFJS_FLOORS.includes(floorOf(file!))), []);
});

Deno.test("lib/ imports down the floors, and nothing outside itself", () => {
  const floors = [...Deno.readDirSync(new URL("lib/", root))].map(({ name }) => name).sort();
  assertEquals(floors.filter((floor) => !Object.hasOwn(FLOORS, floor)), []);
  const wrong = library.flatMap(([file, specifiers]) =>
    specifiers.filter(isRelative).map((one) => resolve(file, one)).filter((target) => {
      const [from, to] = [floorOf(file), floorOf(target)];
      return !target.startsWith("lib/") || (from !== to && !FLOORS[from]!.includes(to));
    }).map((target) => `${file} imports ${target}`)
  );
  assertEquals(wrong, []);
});

Deno.test("the floors stand on one another without a circle", () => {
  const built = new Set<string>();
  for (const [floor, below] of Object.entries(FLOORS)) {
    assertEquals(below.filter((one) => !built.has(one)), [], `below ${floor}`);
    built.add(floor);
  }
});

Deno.test("no file imports itself by way of others, types included", () => {
  const edges = new Map(
    library.map(([file, specifiers]) => [
      file,
      specifiers.filter(isRelative).map((one) => resolve(file, one)),
    ]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" > "));
    if (path.includes(file) || done.has(file)) return;
    for (const target of edges.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  assertEquals(circles, []);
});

Deno.test("mod.ts and the faces of rooms re-export lib/ alone", () => {
  assertGreater(mod[1].length, 0);
  assertEquals(mod[1].filter((one) => !one.startsWith("./lib/")), []);
});

Deno.test("tasks use lib/ and each other, examples mod.ts alone", () => {
  const reachOf: Readonly<Record<string, readonly string[]>> = {
    tasks: ["tasks", "lib", "mod.ts", "deno.json"],
    examples: ["examples", "mod.ts"],
  };
  const wrong = ["tasks/", "examples/"].flatMap(modulesBelow).flatMap(([file, specifiers]) =>
    specifiers.filter(isRelative).map((one) => resolve(file, one)).filter((target) =>
      !reachOf[file.split("/")[0]!]!.includes(target.split("/")[0]!)
    ).map((target) => `${file} imports ${target}`)
  );
  assertEquals(wrong, []);
});
