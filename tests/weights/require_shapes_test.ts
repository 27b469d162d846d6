// The tensors of another model are refused with all that differs.
import { assertEquals, assertThrows } from "@std/assert";
import { requireShapes } from "../../lib/weights/require_shapes.ts";

type Shapes = Record<string, number[]>;

function check(expected: Shapes, found: Shapes): void {
  const tensors = Object.entries(found).map(([path, shape]) => [path, { shape }] as const);
  requireShapes(new Map(Object.entries(expected)), new Map(tensors), "a.safetensors");
}

Deno.test("the same paths and shapes pass in any order", () => {
  check({ a: [1, 2], b: [] }, { b: [], a: [1, 2] });
});

Deno.test("what is missing, unexpected and of another shape is listed in one error", () => {
  const expected = { kernel: [5, 5, 1, 6], bias: [6], scale: [] };
  const found = { kernel: [5, 5, 3, 6], weight: [6], scale: [] };
  const { message } = assertThrows(() => check(expected, found), TypeError);
  assertEquals(
    message,
    "Cannot load a.safetensors: its tensors must be those of the model, " +
      "got 3 tensors with 1 missing (bias [6]); 1 unexpected (weight [6]); " +
      "1 of another shape (kernel is [5, 5, 3, 6] instead of [5, 5, 1, 6])",
  );
});

Deno.test("shapes of as many values but another rank or order are refused", () => {
  assertThrows(() => check({ a: [2, 3] }, { a: [3, 2] }), TypeError, "[3, 2] instead of [2, 3]");
  assertThrows(() => check({ a: [1] }, { a: [] }), TypeError, "[] instead of [1]");
});

Deno.test("a long list ends after ten with the number of the others", () => {
  const many = Object.fromEntries(Array.from({ length: 13 }, (_, i) => [`w${i}`, [1]]));
  const { message } = assertThrows(() => check(many, {}), TypeError, "13 missing (w0 [1], ");
  assertEquals(message.slice(-22), ", w9 [1], ... and 3 more)".slice(-22));
  assertThrows(() => check({}, many), TypeError, "13 unexpected");
});
