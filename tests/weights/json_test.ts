// JSON texts mean the value they were made of, or are not made.
import { assertEquals, assertThrows } from "@std/assert";
import { type Json, jsonText } from "../../lib/weights/json.ts";

Deno.test("what JSON can hold is read back as it was", () => {
  const values: Json[] = [
    null,
    true,
    "\ud83d\ude00\n",
    -0,
    5e-324,
    1.7976931348623157e308,
    2 ** 53 + 2,
    [],
    {},
    [[], [1, null]],
    JSON.parse('{"__proto__": 1, "b": {"c": []}}'),
  ];
  for (const value of values) assertEquals(JSON.parse(jsonText(value, "value")), value);
  assertEquals(jsonText(values.slice(4), "value"), JSON.stringify(values.slice(4)));
});

Deno.test("what JSON.stringify would change or leave out is refused, with its place", () => {
  const refuse = (value: unknown, type: ErrorConstructor, includes: string): void => {
    assertThrows(() => jsonText(value as Json, "run"), type, includes);
  };
  refuse({ loss: [0, NaN] }, RangeError, "run.loss.1: JSON numbers must be finite");
  refuse(-Infinity, RangeError, "got -Infinity");
  refuse({ a: undefined }, TypeError, "run.a: it must be plain JSON, got undefined");
  refuse([, 1], TypeError, "run.0"); // deno-lint-ignore-line no-sparse-arrays
  refuse({ a: new Map() }, TypeError, "got Map");
  refuse(new Float32Array(1), TypeError, "got Float32Array");
  refuse(new Date(0), TypeError, "got Date");
  refuse(1n, TypeError, "got BigInt");
  refuse(() => 1, TypeError, "got Function");
});
