// Initializers: the variance and bound that their papers say.
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import {
  conv,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  init,
  type Initializer,
  key,
  lecunNormal,
  lecunUniform,
  ones,
  scaledNormal,
  type Shape,
  sizeOf,
  zeros,
} from "../../mod.ts";
import { onCpu } from "../backends.ts";

/** Kernels, with fan in and fan out counted by hand. */
const KERNELS: readonly { shape: Shape; fanIn: number; fanOut: number }[] = [
  { shape: [300, 100], fanIn: 300, fanOut: 100 },
  { shape: [3, 5, 40, 60], fanIn: 600, fanOut: 900 },
];

type Family = {
  readonly name: string;
  readonly make: Initializer;
  readonly variance: (fanIn: number, fanOut: number) => number;
  readonly uniform: boolean;
};

const FAMILIES: readonly Family[] = [
  { name: "heNormal", make: heNormal, variance: (i) => 2 / i, uniform: false },
  { name: "heUniform", make: heUniform, variance: (i) => 2 / i, uniform: true },
  { name: "glorotNormal", make: glorotNormal, variance: (i, o) => 2 / (i + o), uniform: false },
  { name: "glorotUniform", make: glorotUniform, variance: (i, o) => 2 / (i + o), uniform: true },
  { name: "lecunNormal", make: lecunNormal, variance: (i) => 1 / i, uniform: false },
  { name: "lecunUniform", make: lecunUniform, variance: (i) => 1 / i, uniform: true },
  { name: "scaledNormal", make: scaledNormal(0.01), variance: () => 1e-4, uniform: false },
];

for (const { name, make, variance, uniform } of FAMILIES) {
  Deno.test(`${name} has mean zero and the variance of its paper`, () => {
    for (const { shape, fanIn, fanOut } of KERNELS) {
      const values = make(key(1), shape);
      assertEquals(values.length, sizeOf(shape));
      const wanted = variance(fanIn, fanOut);
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      const square = values.reduce((sum, x) => sum + x * x, 0) / values.length;
      // Four deviations: of a mean, and of a variance (whose factor is the kurtosis less one).
      assertLess(Math.abs(mean), 4 * Math.sqrt(wanted / values.length));
      const spread = Math.sqrt((uniform ? 0.8 : 2) / values.length);
      assertLess(Math.abs(square / wanted - 1), 4 * spread);
    }
  });
}

Deno.test("uniform initializers stay within √(3 · variance) and come near it", () => {
  for (const { make, variance } of FAMILIES.filter(({ uniform }) => uniform)) {
    for (const { shape, fanIn, fanOut } of KERNELS) {
      const bound = Math.sqrt(3 * variance(fanIn, fanOut));
      const largest = make(key(2), shape).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      assert(largest <= Math.fround(bound) && largest > 0.999 * bound);
    }
  }
});

Deno.test("deviations that are none are refused", () => {
  for (const deviation of [-0.01, NaN, Infinity]) {
    assertThrows(() => scaledNormal(deviation), RangeError, `got ${deviation}`);
  }
});

Deno.test("initializers are functions of the key", () => {
  for (const { make } of FAMILIES) {
    assertEquals(make(key(3), [4, 4]), make(key(3), [4, 4]));
    assert(make(key(3), [4, 4]).some((x, i) => x !== make(key(4), [4, 4])[i]));
  }
});

Deno.test("zeros and ones are what they say", () => {
  assertEquals(zeros(key(0), [2, 3]), new Float32Array(6));
  assertEquals(ones(key(0), [2, 3]), new Float32Array(6).fill(1));
});

onCpu("a grouped convolution's fan in counts the channels of one group", async () => {
  const layer = conv({ features: 64, size: 3, groups: 4 });
  const { params } = init(layer, key(5), [8, 8, 64]);
  const values = await params.kernel.data() as Float32Array;
  const square = values.reduce((sum, x) => sum + x * x, 0) / values.length;
  assertLess(Math.abs(square / (2 / (9 * 16)) - 1), 4 * Math.sqrt(2 / values.length));
  assertEquals(Array.from(await params.bias.data()), new Array(64).fill(0));
});
