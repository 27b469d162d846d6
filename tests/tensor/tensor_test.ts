// Shapes.
import { assertEquals } from "@std/assert";
import { sizeOf } from "../../mod.ts";

Deno.test("a shape's size is the product, 1 of a scalar, 0 where a size is 0", () => {
  assertEquals(sizeOf([28, 28, 3]), 2352);
  assertEquals(sizeOf([]), 1);
  assertEquals(sizeOf([5, 0, 2]), 0);
});
