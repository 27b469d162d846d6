// Sizes of windows' outputs, paddings and parameters, by the chapter's worked numbers (§12.1–12.7).
import { assertEquals, assertThrows } from "@std/assert";
import { conv, dense, maxPool, sequential } from "../../mod.ts";
import { convOutput, convParameters, poolOutput, samePadding } from "../../lib/sizing/mod.ts";
import { countParameters } from "../../lib/layers/layer.ts";

Deno.test("§12.1: 20 filters have 1,520 parameters, a dense layer of 20 units 61,460", () => {
  assertEquals(convParameters(3, { features: 20, size: 5 }), 1520);
  assertEquals(countParameters(dense({ features: 20 }).declare([32 * 32 * 3]).params), 61460);
});

Deno.test("§12.1: a filter of 5 × 5 × 3 has 76 parameters and outputs 28 × 28", () => {
  assertEquals(convParameters(3, { features: 1, size: 5 }), 76);
  assertEquals(convOutput(32, { size: 5 }), 28);
});

Deno.test("§12.4: W = 7, F = 3, S = 1 gives 5", () => {
  assertEquals(convOutput(7, { size: 3, stride: 1 }), 5);
});

Deno.test("§12.4: W = 10, F = 3, S = 2 has no valid size, and the message names those that have", () => {
  const error = assertThrows(() => convOutput(10, { size: 3, stride: 2 }), RangeError);
  assertEquals(
    error.message,
    "Cannot size a conv layer: its windows must fill the input, got 4.5 windows of 3 " +
      "over 10 with stride 2 and padding 0; what fits is an input of 9 or 11, a window of 2 or 4, " +
      'a stride of 1 or 7; or give rounding: "floor" or "ceil"',
  );
});

Deno.test("§12.4: with the stride of 1 that the chapter puts in its place, there are 8", () => {
  // The chapter says 5, of its example before with W = 7; (10 − 3) / 1 + 1 is 8.
  assertEquals(convOutput(10, { size: 3, stride: 1 }), 8);
});

Deno.test("every size that a refusal names does fit", () => {
  for (let length = 5; length <= 16; length++) {
    for (const [size, stride, padding, dilation] of [[3, 2, 0, 1], [3, 3, 1, 1], [2, 4, 1, 2]]) {
      const options = { size: size!, stride: stride!, padding: padding!, dilation: dilation! };
      let message = "";
      try {
        convOutput(length, options);
      } catch (error) {
        message = (error as Error).message;
      }
      for (
        const [, name, values] of message.matchAll(
          /an? (input|window|stride|padding) of ([\d]+(?: or \d+)?)(?=,|;)/g,
        )
      ) {
        for (const value of values!.split(" or ").map(Number)) {
          if (name === "input") convOutput(value, options);
          else convOutput(length, { ...options, [name === "window" ? "size" : name!]: value });
        }
      }
    }
  }
  assertThrows(
    () => convOutput(12, { size: 3, stride: 3, padding: 1 }),
    RangeError,
    "a padding of 0",
  );
});

Deno.test("with a rounding said, sizes are those of the layers", () => {
  assertEquals(convOutput(10, { size: 3, stride: 2, rounding: "floor" }), 4);
  assertEquals(convOutput(10, { size: 3, stride: 2, rounding: "ceil" }), 5);
  const layer = conv({ features: 1, size: 3, stride: 2 });
  assertEquals(layer.declare([10, 10, 1]).shape, [4, 4, 1]);
  for (const rounding of ["floor", "ceil"] as const) {
    for (let side = 3; side < 20; side++) {
      const options = { size: 3, stride: 2, padding: 1, rounding };
      const sides = maxPool(options).declare([side, side + 1, 1]).shape.slice(0, 2);
      assertEquals([poolOutput([side, side + 1], options)].flat(), sides);
    }
  }
});

Deno.test("single numbers give a number, and a pair anywhere gives a pair", () => {
  assertEquals(convOutput([227, 115], { size: 11, stride: 4 }), [55, 27]);
  assertEquals(convOutput(9, { size: [3, 1] }), [7, 9]);
  assertEquals(convOutput(9, { size: 3, dilation: [1, 2] }), [7, 5]);
  assertEquals(poolOutput(8, { size: [2, 4] }), [4, 2]);
  assertEquals(samePadding(3, { dilation: [1, 2] }), [1, 2]);
});

Deno.test("a refusal is of the axis that does not fit", () => {
  assertThrows(() => convOutput([9, 10], { size: 3, stride: 2 }), RangeError, "over 10");
  assertThrows(() => poolOutput([10, 9], { size: 2 }), RangeError, "windows of 2 over 9");
});

Deno.test('padding "same" always fits, and samePadding says how much it is', () => {
  assertEquals(convOutput(10, { size: 3, stride: 2, padding: "same" }), 5);
  for (const [size, dilation] of [[1, 1], [3, 1], [5, 1], [11, 1], [3, 4], [4, 2]]) {
    const padding = samePadding(size!, { dilation: dilation! });
    assertEquals(convOutput(28, { size: size!, dilation: dilation!, padding }), 28);
  }
  assertEquals([samePadding(3), samePadding(5)], [1, 2]);
  assertThrows(() => samePadding(2), RangeError, "1 or 3");
});

Deno.test("windows that do not fit at all, and options out of range, are refused", () => {
  assertThrows(() => convOutput(2, { size: 3 }), RangeError, "3 over 2");
  assertThrows(() => convOutput(0, { size: 1 }), RangeError, "at least 1");
  assertThrows(() => convOutput(7.5, { size: 3 }), RangeError, "whole numbers");
  assertThrows(() => convOutput(7, { size: 0 }), RangeError, "size");
  assertThrows(() => convOutput(7, { size: 3, stride: -1 }), RangeError, "stride");
  assertThrows(() => convOutput(7, { size: 3, padding: 0.5 }), RangeError, "padding");
  assertThrows(() => convOutput(7, { size: 3, dilation: 0 }), RangeError, "dilation");
  assertThrows(() => convOutput(7, { size: 3, rounding: "up" as "ceil" }), RangeError, "rounding");
  assertThrows(() => poolOutput(7, { size: 2, padding: 2 }), RangeError, "smaller than its window");
  assertThrows(() => convParameters(3, { features: 0, size: 3 }), RangeError, "features");
  assertThrows(() => convParameters(3, { features: 4, size: 3, groups: 2 }), RangeError, "groups");
});

Deno.test("a large input is refused without a long search", () => {
  // A search through all sizes below would not end.
  const size = 2 ** 52 + 1;
  const wanted = `${size - 1} or ${size + 1}`;
  assertThrows(() => convOutput(size, { size: 2, stride: 2 }), RangeError, wanted);
});

Deno.test("§12.6: three 3 × 3 layers have 27C² + 3C parameters, 45 % less than one of 7 × 7, 49C² + C", () => {
  for (const c of [1, 16, 64, 256]) {
    const one = convParameters(c, { features: c, size: 7 });
    const three = 3 * convParameters(c, { features: c, size: 3 });
    assertEquals([one, three], [49 * c * c + c, 27 * c * c + 3 * c]);
  }
  const saving = 1 - 3 * convParameters(512, { features: 512, size: 3 }) /
      convParameters(512, { features: 512, size: 7 });
  assertEquals(Math.round(100 * saving), 45);
});

Deno.test("§12.6: 1 × 1 layers around a 3 × 3 one take 9C² to 3.25C², 1 × 3 and 3 × 1 take it to 6C²", () => {
  const c = 64;
  const learned = (layers: Parameters<typeof sequential>[0]): number =>
    countParameters(sequential(layers).declare([28, 28, c]).params);
  const of = (features: number, size: 1 | 3 | [1 | 3, 1 | 3]): ReturnType<typeof conv> =>
    conv({ features, size, padding: "same", bias: false });
  assertEquals(learned({ whole: of(c, 3) }), 9 * c * c);
  assertEquals(learned({ less: of(c / 2, 1), three: of(c / 2, 3), more: of(c, 1) }), 3.25 * c * c);
  assertEquals(learned({ across: of(c, [1, 3]), down: of(c, [3, 1]) }), 6 * c * c);
});

Deno.test("§12.7.4: a dense layer of 4,096 units after 7 × 7 × 512 has 102,760,448 weights", () => {
  const layer = dense({ features: 4096, bias: false });
  assertEquals(countParameters(layer.declare([7 * 7 * 512]).params), 102760448);
});
