// What layers refuse, and the sizes they declare.
import { assertEquals, assertThrows } from "@std/assert";
import {
  batchNorm,
  conv,
  type ConvOptions,
  dense,
  dropout,
  flatten,
  globalMeanPool,
  layers,
  leakyRelu,
  maxPool,
  meanPool,
  normPool,
  padTo,
  type Pair,
  type Shape,
  type Tensor,
} from "../../mod.ts";
import { countParameters } from "../../lib/layers/layer.ts";

const CONV: ConvOptions = { features: 4, size: 3 };
const POOLS = { maxPool, meanPool, normPool };

/** Neither whole nor in the range of sizes. */
const NO_COUNTS = [0, -1, 1.5, NaN, Infinity];

Deno.test("conv refuses options that are not whole numbers of at least 1", () => {
  for (const name of ["features", "size", "stride", "dilation", "groups"] as const) {
    for (const value of NO_COUNTS) {
      const said =
        `Cannot make a conv layer: its ${name} must be a whole number of at least 1, got ${value}`;
      assertThrows(() => conv({ ...CONV, [name]: value }), RangeError, said);
      if (name === "features" || name === "groups") continue;
      assertThrows(() => conv({ ...CONV, [name]: [1, value] }), RangeError, said);
      assertThrows(() => conv({ ...CONV, [name]: [value, 1] }), RangeError, said);
    }
  }
});

Deno.test("pools refuse sizes and strides that are not whole numbers of at least 1", () => {
  for (const [op, pool] of Object.entries(POOLS)) {
    for (const name of ["size", "stride"] as const) {
      for (const value of NO_COUNTS) {
        const said =
          `Cannot make a ${op} layer: its ${name} must be a whole number of at least 1, got ${value}`;
        assertThrows(() => pool({ [name]: value }), RangeError, said);
        assertThrows(() => pool({ [name]: [2, value] }), RangeError, said);
      }
    }
  }
});

Deno.test("paddings are same, valid or whole numbers of at least 0", () => {
  for (const padding of [-1, 0.5, NaN, Infinity]) {
    const said = `padding must be a whole number of at least 0, got ${padding}`;
    assertThrows(() => conv({ ...CONV, padding }), RangeError, said);
    for (const pool of Object.values(POOLS)) {
      assertThrows(() => pool({ padding }), RangeError, said);
    }
  }
  assertThrows(
    () => conv({ ...CONV, padding: "SAME" as "same" }),
    RangeError,
    'padding, if not "same" or "valid", must be a whole number of at least 0, got "SAME"',
  );
});

Deno.test("pools leave a rest out, or give it a window of its own", () => {
  const of = (rounding: "floor" | "ceil", length: number, padding = 0): number =>
    maxPool({ size: 3, stride: 2, padding, rounding }).declare([length, length, 1]).shape[0]!;
  assertEquals([of("floor", 112), of("ceil", 112), of("floor", 109), of("ceil", 109)], [
    55,
    56,
    54,
    54,
  ]);
  // A window that would begin in the padding behind the image is none (PyTorch's rule).
  assertEquals([of("floor", 4, 1), of("ceil", 4, 1), of("ceil", 5, 1)], [2, 3, 3]);
  assertThrows(
    () => maxPool({ rounding: "up" as "ceil" }),
    RangeError,
    'rounding must be "floor" or "ceil", got up',
  );
});

Deno.test("pools refuse padding that would hold a whole window", () => {
  for (const [op, pool] of Object.entries(POOLS)) {
    for (const [size, padding] of [[2, 2], [[3, 1], 1], [[1, 3], 1]] as const) {
      const said =
        `Cannot make a ${op} layer: its padding must be smaller than its window, got ${padding} around`;
      assertThrows(() => pool({ size: size as Pair, padding }), RangeError, said);
    }
    // Padding below the window is taken: two windows of two over three pixels.
    assertEquals(pool({ size: 2, stride: 1, padding: 1 }).declare([1, 1, 1]).shape, [2, 2, 1]);
  }
});

Deno.test("groups must divide features and input channels", () => {
  assertThrows(
    () => conv({ ...CONV, groups: 3 }),
    RangeError,
    "groups must divide its features, got 3 groups of 4",
  );
  assertThrows(
    () => conv({ ...CONV, groups: 2 }).declare([5, 5, 3]),
    RangeError,
    "groups must divide its input channels, got 2 groups of 3",
  );
});

Deno.test("layers of windows refuse what is not an image", () => {
  const layers = [conv(CONV), maxPool(), meanPool(), normPool(), globalMeanPool(), padTo(4)];
  for (const layer of layers) {
    for (const shape of [[], [4], [4, 4], [4, 4, 1, 1]]) {
      assertThrows(
        () => layer.declare(shape),
        TypeError,
        `Cannot apply a ${layer.op} layer: its input must be [height, width, channels], got [${shape}]`,
      );
    }
  }
});

Deno.test("shapes of inputs are whole numbers of at least 1", () => {
  const layers = [conv({ features: 4, size: 1 }), maxPool({ size: 1 }), globalMeanPool(), padTo(9)];
  for (const shape of [[0, 4, 1], [4, 4, 0], [4, NaN, 1], [4, 4, 1.5], [-4, 4, 1]]) {
    for (const layer of layers) {
      assertThrows(() => layer.declare(shape), RangeError, `got [${shape}]`);
    }
  }
  for (const size of [0, 1.5, NaN, -1]) {
    assertThrows(
      () => dense({ features: 2 }).declare([size]),
      RangeError,
      `got [${size}]`,
    );
  }
});

Deno.test("windows larger than the padded input are refused", () => {
  const fits: [ConvOptions, Shape, string?][] = [
    [{ ...CONV, size: 5 }, [5, 5, 1]],
    [{ ...CONV, size: 5 }, [4, 5, 1], "5 over 4"],
    [{ ...CONV, size: 5 }, [5, 4, 1], "5 over 4"],
    [{ ...CONV, size: 5, padding: 1 }, [3, 3, 1]],
    [{ ...CONV, size: 5, padding: 1 }, [2, 3, 1], "5 over 4"],
    [{ ...CONV, size: 3, dilation: 3 }, [6, 7, 1], "7 over 6"],
    [{ ...CONV, size: 9, padding: "same" }, [1, 1, 1]],
  ];
  for (const [options, shape, said] of fits) {
    const declare = (): unknown => conv(options).declare(shape);
    if (said === undefined) declare();
    else assertThrows(declare, RangeError, `got ${said}`);
  }
  assertThrows(() => maxPool({ size: 3 }).declare([2, 9, 1]), RangeError, "3 over 2");
});

Deno.test("dense refuses features that are no count, and images", () => {
  for (const features of NO_COUNTS) {
    assertThrows(() => dense({ features }), RangeError, `got ${features}`);
  }
  for (const shape of [[], [4, 4], [28, 28, 1]]) {
    assertThrows(
      () => dense({ features: 2 }).declare(shape),
      TypeError,
      `must be a vector (put flatten() before it), got [${shape}]`,
    );
  }
});

Deno.test("dropout refuses rates outside [0, 1)", () => {
  for (const rate of [1, -0.1, NaN, 2, Infinity]) {
    const said =
      `Cannot make a dropout layer: the rate must be from 0 up to but not including 1, got ${rate}`;
    assertThrows(() => dropout(rate), RangeError, said);
  }
});

Deno.test("normPool refuses norms but 1 and 2", () => {
  for (const norm of [0, 3, 1.5, NaN, Infinity]) {
    const said = `its norm must be 1 or 2, got ${norm}`;
    assertThrows(() => normPool({ norm: norm as 1 }), RangeError, said);
  }
});

Deno.test("batchNorm and leakyRelu refuse numbers out of range", () => {
  for (const epsilon of [0, -1, NaN]) {
    assertThrows(() => batchNorm({ epsilon }), RangeError, `got ${epsilon}`);
  }
  for (const momentum of [0, -0.1, 1.1, NaN]) {
    assertThrows(() => batchNorm({ momentum }), RangeError, `got ${momentum}`);
  }
  for (const slope of [NaN, Infinity]) {
    assertThrows(() => leakyRelu(slope), RangeError, `got ${slope}`);
  }
});

Deno.test("padTo refuses sizes that are no count, and larger images", () => {
  for (const size of NO_COUNTS) {
    assertThrows(() => padTo(size), RangeError, `height must be a whole number`);
    assertThrows(() => padTo(4, size), RangeError, `width must be a whole number`);
  }
  assertThrows(() => padTo(32).declare([33, 32, 1]), RangeError, "got [33,32,1]");
  assertThrows(() => padTo(32, 16).declare([32, 17, 1]), RangeError, "got [32,17,1]");
});

Deno.test("§12.1: a filter of 5 × 5 × 3 has 76 parameters, 20 of them 1,520, dense 61,460", () => {
  const image = [32, 32, 3];
  assertEquals(countParameters(conv({ features: 1, size: 5 }).declare(image).params), 76);
  assertEquals(countParameters(conv({ features: 20, size: 5 }).declare(image).params), 1520);
  const { shape } = flatten().declare(image);
  assertEquals(countParameters(dense({ features: 20 }).declare(shape).params), 61460);
});

Deno.test("§12.4: W = 7, F = 3, S = 1 gives 5; S = 2 gives 3; padding 1 keeps 7", () => {
  const width = (options: Partial<ConvOptions>, length: number): number =>
    conv({ ...CONV, ...options }).declare([length, length, 1]).shape[1]!;
  assertEquals(width({}, 7), 5);
  assertEquals(width({ stride: 2 }, 7), 3);
  assertEquals(width({ padding: 1 }, 7), 7);
  assertEquals(width({ padding: "same" }, 7), 7);
  assertEquals(width({ padding: "same", stride: 2 }, 7), 4);
  // Keras and PyTorch leave the rest out, where the chapter finds no valid size.
  assertEquals(width({ stride: 2 }, 10), 4);
  assertEquals(width({ dilation: 2 }, 7), 3);
  assertEquals(width({ size: 11, stride: 4 }, 227), 55);
});

Deno.test("parameters of a convolution: filters of C / groups channels, biases", () => {
  const slots = (options: Partial<ConvOptions>): Record<string, Shape> => {
    const { params } = conv({ ...CONV, ...options }).declare([9, 9, 6]);
    return Object.fromEntries(Object.entries(params).map(([name, slot]) => [name, slot.shape]));
  };
  assertEquals(slots({}), { kernel: [3, 3, 6, 4], bias: [4] });
  assertEquals(slots({ size: [1, 7], groups: 2 }), { kernel: [1, 7, 3, 4], bias: [4] });
  assertEquals(slots({ bias: false }), { kernel: [3, 3, 6, 4] });
});

Deno.test("a misspelt option of a layer is refused with the nearest name", () => {
  const refused = (make: () => unknown, message: string): void =>
    void assertThrows(make, TypeError, message);
  const wrong = { strides: 2 } as never;
  refused(
    () => conv({ features: 4, size: 3, ...wrong as object }),
    'Cannot make a conv layer: unknown option "strides": did you mean "stride"?',
  );
  for (const pool of Object.values(POOLS)) refused(() => pool(wrong), 'did you mean "stride"?');
  refused(() => dense({ feature: 2 } as never), 'did you mean "features"?');
  // As Keras and PyTorch call them.
  refused(() => conv({ filters: 4, size: 3 } as never), 'did you mean "features"?');
  refused(() => conv({ out_channels: 4, size: 3 } as never), 'did you mean "features"?');
  refused(() => dense({ units: 2 } as never), 'did you mean "features"?');
  refused(() => dense({ features: 2, activation: "relu" } as never), "a layer of its own");
  refused(() => batchNorm({ eps: 1 } as never), 'did you mean "epsilon"?');
  refused(() => layers.upsample({ scale: 2 } as never), 'unknown option "scale"');
  refused(
    () => conv("3" as never),
    'its options must be a record, such as { features: … }, got "3"',
  );
});

Deno.test("options that are not known are refused with the nearest", () => {
  const wrong = (make: () => unknown, said: string): void =>
    void assertThrows(make, TypeError, said);
  wrong(() => layers.reduce({ axis: [0] } as never), 'did you mean "axes"?');
  wrong(() => layers.slice({ begins: [0], size: [1] } as never), 'did you mean "begin"?');
  wrong(() => layers.stochasticDepth(0.5, { modes: "row" } as never), 'did you mean "mode"?');
  const cut = (x: Tensor): Tensor => x;
  wrong(
    () => layers.activation(cut, "cut", { rectify: true } as never),
    'did you mean "rectifies"?',
  );
});
