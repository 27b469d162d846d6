// Patterns of paths: what they match, what they refuse, and what is frozen by them.
import { assertEquals, assertThrows } from "@std/assert";
import { entries, freeze, init, key, resnet18 } from "../../mod.ts";
import { matchPaths } from "../../lib/transfer/paths.ts";
import { slotEntries } from "../../lib/layers/layer.ts";
import { onCpu } from "../backends.ts";
import { toyModel } from "../train/toy.ts";

const paths = [
  "conv1/kernel",
  "conv1/bias",
  "fire2/squeeze/kernel",
  "fire2/expand/one/conv/kernel",
  "fire9/squeeze/bias",
  "fire10/squeeze/bias",
  "conv10/kernel",
  "a.b/kernel",
];
const matched = (...patterns: string[]): number[] =>
  matchPaths(patterns, paths).map((path) => paths.indexOf(path));

Deno.test("patterns match names, parts of names, any number of names, and what is below", () => {
  assertEquals(matched("conv1"), [0, 1]);
  assertEquals(matched("conv1/*"), [0, 1]);
  assertEquals(matched("conv1/kernel"), [0]);
  assertEquals(matched("conv*/kernel"), [0, 6]);
  assertEquals(matched("fire?"), [2, 3, 4]);
  assertEquals(matched("fire[2-8]"), [2, 3]);
  assertEquals(matched("fire[^2]"), [4]);
  assertEquals(matched("**/bias"), [1, 4, 5]);
  assertEquals(matched("fire2/**/kernel"), [2, 3]);
  assertEquals(matched("**/squeeze/**"), [2, 4, 5]);
  assertEquals(matched("**"), [0, 1, 2, 3, 4, 5, 6, 7]);
  assertEquals(matched("*"), [0, 1, 2, 3, 4, 5, 6, 7]);
  assertEquals(matched("fire*/**", "**/bias"), [1, 2, 3, 4, 5]);
  assertEquals(matched(), []);
});

Deno.test("a dot is a dot, and a longer name is another", () => {
  assertEquals(matched("a.b"), [7]);
  assertThrows(() => matched("conv"), RangeError);
  assertThrows(() => matched("c.nv1"), RangeError);
  assertThrows(() => matched("kernel"), RangeError);
});

Deno.test("a pattern that matches nothing is refused with the nearest name and what there is", () => {
  const error = assertThrows(
    () => matched("conv1", "fire2/sqeeze/**"),
    RangeError,
    'Cannot match paths: each pattern must match one, got "fire2/sqeeze/**"',
  );
  assertEquals(/did you mean "fire2\/squeeze"\?/.test(error.message), true, error.message);
  assertEquals(/There are conv1, fire2, fire9, fire10, conv10, a\.b,/.test(error.message), true);
  assertThrows(() => matchPaths(["x"], []), RangeError, "There are , with paths such as none");
});

Deno.test("what is no pattern is refused", () => {
  for (const pattern of ["", "conv1/", "/conv1", "conv1//kernel", "fire[9-2]"]) {
    assertThrows(() => matched(pattern), RangeError, `got "${pattern}"`);
  }
});

onCpu("what is frozen is not trained, and something must be left", () => {
  const { params } = init(toyModel(), key(0), [8, 8, 1]);
  const all = entries(params).map(([path]) => path);
  const trainable = freeze(["conv", "norm/scale"], params);
  assertEquals(all.filter(trainable), ["norm/shift", "logits/kernel", "logits/bias"]);
  assertEquals(all.filter(freeze([], all)), all);
  assertThrows(() => freeze(["**"], params), RangeError, 'got all 5, by "**"');
  assertThrows(() => freeze(["convs"], params), RangeError, 'did you mean "conv"?');
});

Deno.test("patterns reach into the stages of a ResNet", () => {
  const known = slotEntries(resnet18().declare([224, 224, 3]).params).map(([path]) => path);
  const found = matchPaths(["stage[12]/**/norm*"], known);
  assertEquals(
    found.length > 0 && found.every((path) => /^stage[12]\/.*\/norm\d?\/s/.test(path)),
    true,
  );
});
