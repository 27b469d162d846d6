// Slices, transpositions, concatenations, splits and padding, against plain TypeScript on random shapes.
import { assertEquals } from "@std/assert";
import { fold, key, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { sizeOf } from "../../lib/tensor/tensor.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";

/** Numbers of a shape, each another, and at each place one of them or a zero. */
class Numbers {
  constructor(readonly shape: readonly number[]) {}

  /** The number at a place; zero outside. */
  at(place: readonly number[]): number {
    const inside = place.every((c, axis) => c >= 0 && c < this.shape[axis]!);
    return inside ? 1 + place.reduce((sum, c, axis) => sum * this.shape[axis]! + c, 0) : 0;
  }

  tensor(): tf.Tensor {
    return tf.range(1, 1 + sizeOf(this.shape)).reshape([...this.shape]);
  }
}

/** The numbers of a result, by where each place's comes from. */
function gathered(shape: readonly number[], from: (place: number[]) => number): number[] {
  return Array.from({ length: sizeOf(shape) }, (_, i) => {
    const place: number[] = [];
    let rest = i;
    for (const size of shape.toReversed()) {
      place.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    return from(place);
  });
}

async function assertNumbers(
  result: tf.Tensor,
  shape: readonly number[],
  from: (place: number[]) => number,
  what: string,
): Promise<void> {
  assertEquals(result.shape, [...shape], what);
  assertEquals([...await result.data()], gathered(shape, from), what);
  result.dispose();
}

/** Whole numbers from `least` to `most`, by name. */
function drawing(seed: number): (name: string, least: number, most: number) => number {
  return (name, least, most) =>
    least + Math.floor(uniformArray(fold(key(seed), name), 1)[0]! * (most - least + 1));
}

async function check(form: string, seed: number): Promise<void> {
  const whole = drawing(seed);
  const rank = whole("rank", 1, 5);
  // Axes of fours and not, and of one.
  const shape = Array.from(
    { length: rank },
    (_, axis) => [1, 2, 3, 4, 5, 8][whole(`s${axis}`, 0, 5)]!,
  );
  const x = new Numbers(shape);
  const own = x.tensor();
  const what = `${form}, seed ${seed}, [${shape}]`;
  const begin = shape.map((size, axis) => whole(`b${axis}`, 0, size - 1));
  const length = shape.map((size, axis) => whole(`l${axis}`, 1, size - begin[axis]!));
  await assertNumbers(
    tf.slice(own, begin, length),
    length,
    (place) => x.at(place.map((c, axis) => c + begin[axis]!)),
    `slice of ${what}`,
  );
  const pads = shape.map((_, axis): [number, number] =>
    whole(`p${axis}`, 0, 2) > 0 ? [0, 0] : [whole(`f${axis}`, 0, 5), whole(`g${axis}`, 0, 5)]
  );
  await assertNumbers(
    tf.pad(own, pads),
    shape.map((size, axis) => size + pads[axis]![0] + pads[axis]![1]),
    (place) => x.at(place.map((c, axis) => c - pads[axis]![0])),
    `padding by ${JSON.stringify(pads)} of ${what}`,
  );
  const order = shape.map((_, axis) => axis)
    .sort((a, b) => whole(`o${a}`, 0, 9) - whole(`o${b}`, 0, 9) || a - b);
  await assertNumbers(
    tf.transpose(own, order),
    order.map((axis) => shape[axis]!),
    (place) => x.at(shape.map((_, axis) => place[order.indexOf(axis)]!)),
    `transposition by [${order}] of ${what}`,
  );
  const axis = whole("axis", 0, rank - 1);
  await assertNumbers(
    tf.concat([own, own], axis),
    shape.with(axis, 2 * shape[axis]!),
    (place) => x.at(place.with(axis, place[axis]! % shape[axis]!)),
    `concatenation along ${axis} of ${what}`,
  );
  const [first, second] = [whole("first", 1, 4), shape[axis]!];
  const parts = tf.split(tf.pad(own, shape.map((_, i) => [0, i === axis ? first : 0])), [
    second,
    first,
  ], axis);
  await assertNumbers(parts[0]!, shape, (place) => x.at(place), `split of ${what}`);
  await assertNumbers(parts[1]!, shape.with(axis, first), () => 0, `rest of ${what}`);
  own.dispose();
}

gpuTest("tensors are moved as plain TypeScript moves them", async () => {
  const flag = "WEBGPU_CPU_FORWARD";
  const before = tf.env().getBool(flag);
  await onEachForm(async (form) => {
    // Else tfjs leaves so few numbers to the host.
    tf.env().set(flag, false);
    try {
      for (let seed = 0; seed < 40; seed++) await check(form, seed);
    } finally {
      tf.env().set(flag, before);
    }
  });
});
