// Einstein sums of random equations, and tiles of any rank, against plain TypeScript.
import { assertEquals, assertThrows } from "@std/assert";
import { jit, key, type Tensor, tf } from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { word } from "../../lib/tensor/random.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";

type Numbers = { readonly values: readonly number[]; readonly shape: readonly number[] };

/** Every index of a shape, in row-major order. */
function* indices(shape: readonly number[]): Iterable<number[]> {
  const count = shape.reduce((product, size) => product * size, 1);
  for (let i = 0; i < count; i++) {
    let rest = i;
    yield shape.toReversed().map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    }).reverse();
  }
}

/** The element of a tensor at an index. */
const at = ({ values, shape }: Numbers, index: readonly number[]): number =>
  values[shape.reduce((offset, size, axis) => offset * size + index[axis]!, 0)]!;

/** The definition: for each index of the result, the sum over all other letters. */
function reference(equation: string, tensors: readonly Numbers[]): Numbers {
  const [given, result] = equation.split("->") as [string, string];
  const terms = given.split(",");
  const sizes = new Map(
    terms.flatMap((term, i) =>
      [...term].map((letter, axis): [string, number] => [letter, tensors[i]!.shape[axis]!])
    ),
  );
  const others = [...sizes.keys()].filter((letter) => !result.includes(letter));
  const letters = [...result, ...others];
  const shape = [...result].map((letter) => sizes.get(letter)!);
  const values = [...indices(shape)].map((outer) =>
    [...indices(others.map((letter) => sizes.get(letter)!))].reduce((sum, inner) => {
      const index = [...outer, ...inner];
      const place = (term: string): number[] =>
        [...term].map((letter) => index[letters.indexOf(letter)]!);
      return sum + terms.reduce((product, term, i) => product * at(tensors[i]!, place(term)), 1);
    }, 0)
  );
  return { values, shape };
}

/** Random letters in random order, each from 1 to 4 long. */
function randomEquation(seed: number): { equation: string; shapes: number[][] } {
  let count = 0;
  const draw = (below: number): number => word(key(seed), count++) % below;
  const some = (letters: readonly string[], most: number): string[] =>
    letters.map((letter) => ({ letter, order: draw(1000) })).sort((a, b) => a.order - b.order)
      .map(({ letter }) => letter).slice(0, draw(Math.min(letters.length, most) + 1));
  const sizes = new Map([..."abcdef"].map((letter) => [letter, 1 + draw(4)]));
  const terms = Array.from({ length: 1 + draw(3) }, () => some([...sizes.keys()], 5));
  const result = some([...new Set(terms.flat())], 5);
  return {
    equation: `${terms.map((term) => term.join("")).join(",")}->${result.join("")}`,
    shapes: terms.map((term) => term.map((letter) => sizes.get(letter)!)),
  };
}

/** A tensor whose numbers the host does not know. */
const onDevice = ({ values, shape }: Numbers, dtype: "float32" | "int32" = "float32"): Tensor =>
  tf.tidy(() => {
    const zero = tf.sum(tf.zeros([2000], dtype));
    return tf.reshape(tf.add(tf.tensor1d([...values], dtype), zero), [...shape]);
  });

onEachBackend("einsum of random equations, in float32 and in int32", async () => {
  for (let seed = 0; seed < 60; seed++) {
    const { equation, shapes } = randomEquation(seed);
    const floats = shapes.map((shape, i): Numbers => ({
      shape,
      values: [...normalArray(key(seed + 1000 * i), tf.util.sizeFromShape(shape))],
    }));
    const wholes = floats.map(({ shape, values }): Numbers => ({
      shape,
      values: values.map((value) => Math.round(3 * value)),
    }));
    const expected = reference(equation, floats);
    const tensors = floats.map((each) => onDevice(each));
    const before = tf.memory().numTensors;
    const y = tf.einsum(equation, ...tensors);
    assertEquals(tf.memory().numTensors, before + 1, equation);
    assertEquals(y.shape, expected.shape, equation);
    await assertClose(y, expected.values, equation, 1e-5);
    const z = tf.einsum(equation, ...wholes.map((each) => onDevice(each, "int32")));
    assertEquals(z.dtype, "int32");
    assertEquals(
      [...await z.data()].map((v) => v + 0),
      reference(equation, wholes).values,
      equation,
    );
  }
});

onEachBackend("einsum works under jit, and over axes of no length", async () => {
  const f = jit((a: Tensor, b: Tensor) => tf.einsum("bij,bkj->ik", a, b));
  const draw = (seed: number, shape: number[]): Numbers => ({
    shape,
    values: [...normalArray(key(seed), tf.util.sizeFromShape(shape))],
  });
  for (let i = 0; i < 3; i++) {
    const [a, b] = [draw(i, [2, 3, 4]), draw(i + 9, [2, 5, 4])];
    const { values } = reference("bij,bkj->ik", [a, b]);
    await assertClose(f(onDevice(a), onDevice(b)), values, `call ${i}`, 1e-5);
  }
  assertEquals(await tf.einsum("ij,jk->ik", tf.zeros([2, 0]), tf.zeros([0, 1])).array(), [[0], [
    0,
  ]]);
});

onEachBackend("einsum refuses what it does not support", () => {
  const cases: [string, number[][], string][] = [
    ["ij,jk", [[2, 3], [3, 4]], "it must have one arrow"],
    ["ii->i", [[3, 3]], `no letter may stand twice in "ii"`],
    ["ij->ii", [[2, 2]], `no letter may stand twice in "ii"`],
    ["...ij->...ji", [[2, 2, 3]], "... is not supported"],
    ["ij->ik", [[2, 3]], "each axis of the result must be one of the tensors"],
    ["ij,jk->ik", [[2, 3], [4, 4]], `"j" must be one size, got 3 and 4`],
    ["ij,jk->ik", [[2, 3]], "there must be 2 tensors, got 1"],
    ["ijk->i", [[2, 3]], `tensor 0 must have 3 axes, "ijk", got [2,3]`],
  ];
  for (const [equation, shapes, rule] of cases) {
    const tensors = shapes.map((shape) => tf.zeros(shape));
    assertThrows(() => tf.einsum(equation, ...tensors), TypeError, rule);
  }
});

onEachBackend("tile works at ranks 0 to 7, of numbers that only the device knows", async () => {
  const cases: [number[], number[]][] = [
    [[], []],
    [[3], [0]],
    [[2, 1], [2, 3]],
    [[1, 2, 1, 2], [2, 1, 2, 1]],
    [[1, 2, 1, 2, 2], [2, 1, 2, 1, 1]],
    [[2, 1, 3, 1, 2], [1, 1, 1, 1, 1]],
    [[1, 2, 1, 2, 2, 1], [2, 1, 2, 1, 1, 3]],
    [[2, 1, 2, 1, 2], [1, 3, 1, 0, 2]],
    [[1, 2, 1, 2, 2, 1, 2], [2, 1, 2, 1, 1, 3, 2]],
  ];
  for (const [shape, reps] of cases) {
    for (const dtype of ["float32", "int32"] as const) {
      const values = Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => i + 1);
      const x = onDevice({ values, shape }, dtype);
      const before = tf.memory().numTensors;
      const y = tf.tile(x, reps);
      assertEquals(tf.memory().numTensors, before + 1);
      const wide = shape.map((size, axis) => size * reps[axis]!);
      assertEquals([y.shape, y.dtype], [wide, dtype]);
      const expected = [...indices(wide)].map((index) =>
        at({ values, shape }, index.map((i, axis) => i % shape[axis]!))
      );
      assertEquals([...await y.data()], expected, `${shape} × ${reps}`);
    }
  }
});
