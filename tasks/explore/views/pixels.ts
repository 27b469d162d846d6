// Pictures and maps as bytes.
import type { Image } from "../../../lib/image/mod.ts";
import type { SentArray } from "../../web/message.ts";

/** Numbers from 0 to 1 as bytes. */
export function toBytes(values: ArrayLike<number>): Uint8Array {
  return Uint8Array.from(values, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
}

/** A picture with pixels from 0 to 1, `[H, W, C]`. */
export function sentPicture({ width, height, channels, pixels }: Image): SentArray {
  return { shape: [height, width, channels], values: toBytes(pixels) };
}

/** Numbers as they are. */
export function sentNumbers(values: ArrayLike<number>, shape: readonly number[]): SentArray {
  return { shape, values: values instanceof Float32Array ? values : Float32Array.from(values) };
}

/**
 * Feature maps as bytes, each from its smallest value to its largest.
 *
 * @param values `[H, W, C]`
 */
export function sentMaps(
  values: Float32Array,
  [height, width, count]: readonly [number, number, number],
): Readonly<Record<"maps" | "low" | "high" | "mean", SentArray>> {
  const size = height * width;
  const maps = new Uint8Array(values.length);
  const [low, high, mean] = [0, 1, 2].map(() => new Float32Array(count)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let c = 0; c < count; c++) {
    let [least, most, sum] = [Infinity, -Infinity, 0];
    for (let i = 0; i < size; i++) {
      const value = values[i * count + c]!;
      least = Math.min(least, value);
      most = Math.max(most, value);
      sum += value;
    }
    const factor = most > least ? 255 / (most - least) : 0;
    for (let i = 0; i < size; i++) {
      maps[c * size + i] = Math.round((values[i * count + c]! - least) * factor);
    }
    [low[c], high[c], mean[c]] = [least, most, sum / size];
  }
  return {
    maps: { shape: [count, height, width], values: maps },
    low: { shape: [count], values: low },
    high: { shape: [count], values: high },
    mean: { shape: [count], values: mean },
  };
}
