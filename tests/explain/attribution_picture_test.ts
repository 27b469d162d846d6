// An attribution in colors: its ends, and what lies below.
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type Attribution, attributionPicture } from "../../lib/explain/mod.ts";
import { diverging, overlay, viridis } from "../../lib/image/mod.ts";

const found: Attribution = {
  method: "made",
  target: "class 1",
  scores: [1, 2],
  shape: [2, 1, 3, 2],
  values: Float32Array.of(0, 0, 1, 3, 1, 1, -1, -3, 0, 0, 1, 1),
};

function pixelsOf({ pixels }: { readonly pixels: Float32Array }): number[][] {
  return Array.from({ length: 3 }, (_, i) => [...pixels.subarray(3 * i, 3 * i + 3)]);
}

function assertColors(seen: number[][], wanted: readonly (readonly number[])[]): void {
  seen.forEach((color, i) => color.forEach((c, j) => assertAlmostEquals(c, wanted[i]![j]!, 1e-6)));
}

Deno.test("colors go from 0 to the largest value, or around 0, of the image that is asked for", () => {
  assertColors(pixelsOf(attributionPicture(found)), [viridis(0), viridis(1), viridis(0.5)]);
  const signed = attributionPicture(found, { index: 1, signed: true });
  assertColors(pixelsOf(signed), [diverging(0), diverging(0.5), diverging(0.75)]);
});

Deno.test("values beyond the share have the last color", () => {
  const clipped = attributionPicture(found, { share: 0.5 });
  assertColors(pixelsOf(clipped), [viridis(0), viridis(1), viridis(1)]);
  assertThrows(() => attributionPicture(found, { share: 0 }), RangeError, "the share must be");
  assertThrows(() => attributionPicture(found, { index: 2 }), RangeError, "from 0 to 1, got 2");
});

Deno.test("over a picture nothing is laid where nothing counts, and most where most does", () => {
  const pixels = Float32Array.of(0.2, 0.4, 0.6);
  const over = { width: 3, height: 1, channels: 1, pixels } as const;
  const seen = pixelsOf(attributionPicture(found, { over }));
  const top = viridis(1).map((c) => 0.85 * c + 0.15 * 0.4);
  assertColors(seen.slice(0, 2), [[0.2, 0.2, 0.2], top]);
  const all = attributionPicture({ ...found, values: new Float32Array(12) }, { over });
  assertEquals(pixelsOf(all), pixelsOf(overlay(over, over, { alpha: 0 })));
});
