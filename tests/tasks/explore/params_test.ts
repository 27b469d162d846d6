// What pages ask for is checked.
import { assertEquals, assertThrows } from "@std/assert";
import { paramsOf } from "../../../tasks/explore/params.ts";

Deno.test("parameters have kinds and bounds; what is absent, null or empty is not there", () => {
  const params = paramsOf({
    layer: "conv1",
    unit: 3,
    epsilon: 0.5,
    off: [1, 1, 2],
    none: null,
    empty: "",
  });
  assertEquals(params.text("layer"), "conv1");
  assertEquals(params.whole("unit", 0, 3), 3);
  assertEquals(params.number("epsilon", 0, 1), 0.5);
  assertEquals(params.wholes("off", 0, 5), [1, 2]);
  for (const name of ["none", "empty", "absent", "constructor", "__proto__"]) {
    assertEquals(params.text(name), undefined);
    assertEquals(params.whole(name, 0, 1), undefined);
    assertEquals(params.wholes(name, 0, 1), []);
  }
  assertEquals(params.choice("absent", ["a", "b"]), "a");
});

Deno.test("what is of another kind, or out of bounds, is refused by name", () => {
  const wrong = paramsOf({
    text: { a: 1 },
    long: "x".repeat(201),
    half: 0.5,
    words: "7",
    nan: NaN,
    list: [1, "2"],
    many: new Array(10_001).fill(1),
    method: "pgdd",
  });
  assertThrows(() => wrong.text("text"), RangeError, '"text"');
  assertThrows(() => wrong.text("long"), RangeError, "200");
  assertThrows(() => wrong.whole("half", 0, 1), RangeError, "whole");
  assertThrows(() => wrong.whole("words", 0, 9), RangeError, '"7"');
  assertThrows(() => wrong.number("nan", 0, 1), RangeError, "from 0 to 1");
  assertThrows(() => wrong.number("half", 1, 2), RangeError, "from 1 to 2");
  assertThrows(() => wrong.wholes("list", 0, 9), RangeError, '"2"');
  assertThrows(() => wrong.wholes("many", 0, 9), RangeError, "list");
  assertThrows(() => wrong.choice("method", ["pgd", "fgsm"]), RangeError, 'did you mean "pgd"');
});
