// Matrix products in all four transpositions, batches of them, and dense layers.
import { dense, tf } from "../../../mod.ts";
import { type Numbers, product } from "../reference.ts";
import type { Draw, Subject, Trial } from "../subject.ts";

type Sizes = readonly [rows: number, depth: number, columns: number];

/** op(a) · op(b) of matrices as they lie in memory. */
function multiply(
  a: Numbers,
  b: Numbers,
  [rows, depth, columns]: Sizes,
  [transposeA, transposeB]: readonly [boolean, boolean],
): Float64Array {
  return product(
    (m, k) => a[transposeA ? k * rows + m : m * depth + k]!,
    (k, n) => b[transposeB ? n * depth + k : k * columns + n]!,
    [rows, depth, columns],
  );
}

function trialOf(
  draw: Draw,
  sizes: Sizes,
  batch: number,
  turned: readonly [boolean, boolean],
): Trial {
  const [rows, depth, columns] = sizes;
  const [turnedA, turnedB] = turned;
  const outer = batch > 1 ? [batch] : [];
  const each = (f: (at: (x: Numbers, size: number) => Numbers) => Numbers): Float64Array =>
    Float64Array.from(
      Array.from({ length: batch }, (_, i) => [
        ...f((x, size) => x.subarray(i * size, (i + 1) * size)),
      ]).flat(),
    );
  const [sizeA, sizeB, sizeY] = [rows * depth, depth * columns, rows * columns];
  return {
    inputs: [
      draw.normal([...outer, ...(turnedA ? [depth, rows] : [rows, depth])]),
      draw.normal([...outer, ...(turnedB ? [columns, depth] : [depth, columns])]),
    ],
    options: `transposed ${turned}`,
    run: (a, b) => tf.matMul(a!, b!, turnedA, turnedB),
    reference: (a, b) => each((at) => multiply(at(a!, sizeA), at(b!, sizeB), sizes, turned)),
    gradients: (dy, a, b) => [
      each((at) =>
        turnedA
          ? multiply(at(b!, sizeB), at(dy, sizeY), [depth, columns, rows], [turnedB, true])
          : multiply(at(dy, sizeY), at(b!, sizeB), [rows, columns, depth], [false, !turnedB])
      ),
      each((at) =>
        turnedB
          ? multiply(at(dy, sizeY), at(a!, sizeA), [columns, rows, depth], [true, turnedA])
          : multiply(at(a!, sizeA), at(dy, sizeY), [depth, rows, columns], [!turnedA, false])
      ),
    ],
  };
}

const BOTH = [false, true] as const;

/** One subject for each transposition. */
const transpositions: readonly Subject[] = BOTH.flatMap((turnedA) =>
  BOTH.map((turnedB) => ({
    name: `matMul ${turnedA ? "aᵀ" : "a"} · ${turnedB ? "bᵀ" : "b"}`,
    draw: (draw: Draw) => {
      const times = draw.pick([1, 4]);
      const most = draw.pick([3, 20]);
      const sizes = [0, 0, 0].map(() => times * draw.whole(1, most)) as unknown as Sizes;
      return trialOf(draw, sizes, 1, [turnedA, turnedB]);
    },
  }))
);

/** Products of matrices. */
export const products: readonly Subject[] = [
  ...transpositions,
  {
    name: "matMul of a batch",
    draw: (draw) => {
      const sizes = [draw.whole(1, 20), draw.whole(1, 20), draw.whole(1, 20)] as const;
      return trialOf(draw, sizes, draw.whole(2, 4), [draw.pick(BOTH), draw.pick(BOTH)]);
    },
  },
  {
    name: "matMul, long sums",
    draw: (draw) =>
      trialOf(draw, [draw.whole(1, 9), draw.whole(1000, 3000), draw.whole(1, 9)], 1, [
        false,
        false,
      ]),
  },
  {
    name: "dense",
    draw: (draw) => {
      const sizes = [draw.whole(1, 9), draw.whole(1, 70), draw.whole(1, 40)] as const;
      const [rows, depth, columns] = sizes;
      const layer = dense({ features: columns });
      const { gradients, reference, inputs } = trialOf(draw, sizes, 1, [false, false]);
      return {
        inputs: [...inputs, draw.normal([columns])],
        run: (x, kernel, bias) =>
          layer.apply({ kernel: kernel!, bias: bias! } as never, {}, x!, {})[0],
        reference: (x, kernel, bias) =>
          reference(x!, kernel!).map((y, i) => y + bias![i % columns]!),
        gradients: (dy, x, kernel) => [
          ...(gradients as (...all: Numbers[]) => Numbers[])(dy, x!, kernel!),
          multiply(new Float64Array(rows).fill(1), dy, [1, rows, columns], [false, false]),
        ],
        options: `depth ${depth}`,
      };
    },
  },
];
