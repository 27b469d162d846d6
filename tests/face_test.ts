// The public face: one page, each name in one place, a map on top that lists them all.
import { assert, assertEquals, assertLessOrEqual, assertMatch, assertRejects } from "@std/assert";
import * as nc from "../mod.ts";

const root = new URL("../", import.meta.url);
const text = Deno.readTextFileSync(new URL("mod.ts", root));

type Space = Readonly<Record<string, unknown>>;
const isSpace = (value: unknown): value is Space =>
  typeof value === "object" && value !== null &&
  (value as Record<symbol, unknown>)[Symbol.toStringTag] === "Module";

const all = Object.entries(nc as Space).filter(([name]) => name !== "tf");
const flat = all.filter(([, value]) => !isSpace(value)).map(([name]) => name);
const spaces = all.filter(([, value]) => isSpace(value)) as [string, Space][];

Deno.test("mod.ts is a page, and a first day's names fit on it", () => {
  assertLessOrEqual(text.split("\n").length, 200);
  assertLessOrEqual(flat.length, 142);
});

Deno.test("no name is exported in two places", () => {
  const places = new Map<string, string[]>();
  for (const name of flat) places.set(name, ["mod.ts"]);
  for (const [space, values] of spaces) {
    for (const name of [space, ...Object.keys(values)]) {
      places.set(name, [...places.get(name) ?? [], space]);
    }
  }
  assertEquals([...places].filter(([, where]) => where.length > 1), []);
});

Deno.test("every namespace is an entry of its own", async () => {
  const { exports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  assertEquals(Object.keys(exports).sort(), [".", ...spaces.map(([name]) => `./${name}`)].sort());
  for (const [name, values] of spaces) {
    const entry = await import(new URL(exports[`./${name}`], root).href);
    assertEquals(Object.keys(entry).sort(), Object.keys(values).sort(), name);
  }
});

Deno.test("the map on top of mod.ts lists every flat name and every namespace", () => {
  const map = text.slice(0, text.indexOf("*/"));
  const listed = new Set(map.match(/\w+/g));
  assertEquals([...flat, ...spaces.map(([name]) => name)].filter((one) => !listed.has(one)), []);
  const quoted = [...map.matchAll(/`(\w+)`/g)].map((match) => match[1]!);
  assertEquals(quoted.filter((one) => !Object.hasOwn(nc, one)), []);
  assert(quoted.length > 100);
});

Deno.test("what a first script calls refuses options that it does not know", async () => {
  const wrong = { bacthSize: 1 } as never;
  const network = { model: nc.relu(), params: {}, state: {} };
  const x = {} as nc.Tensor4D; // Not looked at.
  const calls: readonly (() => unknown)[] = [
    () => nc.start(wrong),
    () => nc.mnist(wrong),
    () => nc.fashionMnist(wrong),
    () => nc.cifar10(wrong),
    () => nc.imageFolder("photos", wrong),
    () => nc.open("lenet5.safetensors", wrong),
    () => nc.classify(network, "a.png", wrong),
    () => nc.explain.saliency(network, x, 0, wrong),
    () => nc.explain.inputTimesGradient(network, x, 0, wrong),
    () => nc.explain.gradCam(network, x, 0, wrong),
    () => nc.explain.integratedGradients(network, x, 0, wrong),
    () => nc.explain.smoothGrad(network, x, 0, wrong),
    () => nc.explain.occlusion(network, x, 0, wrong),
    () => nc.callbacks.earlyStopping(wrong),
    () => nc.callbacks.checkpoints(wrong),
    () => nc.callbacks.plateau(wrong),
  ];
  for (const call of calls) {
    const { message } = await assertRejects(async () => await call(), TypeError);
    assertMatch(message, /unknown option "bacthSize": /);
  }
});
