// Steps of optimizers on parameters of odd sizes, and jit beside plain calls.
import * as nc from "../../../mod.ts";
import type { Numbers } from "../reference.ts";
import type { Draw, Subject, Trial } from "../subject.ts";

const { tf } = nc;

/** Steps taken of each trial. */
const STEPS = 4;

/** A number's walk: given its gradient in each step, what it comes to. */
type Walk = (start: number, slopes: readonly number[]) => number;

function adamWalk(start: number, slopes: readonly number[]): number {
  let [x, mean, square] = [start, 0, 0];
  for (const [i, slope] of slopes.entries()) {
    mean = 0.9 * mean + 0.1 * slope;
    square = 0.999 * square + 0.001 * slope ** 2;
    const [first, second] = [mean / (1 - 0.9 ** (i + 1)), square / (1 - 0.999 ** (i + 1))];
    const rate = 0.05 * (1 + Math.cos(Math.PI * Math.min(i, 3) / 3)) / 2;
    x -= rate * first / (Math.sqrt(second) + 1e-8);
  }
  return x;
}

function momentumWalk(momentum: number, nesterov: boolean): Walk {
  return (start, slopes) => {
    let [x, velocity] = [start, 0];
    for (const slope of slopes) {
      velocity = momentum * velocity + slope;
      x -= 0.05 * (nesterov ? slope + momentum * velocity : velocity);
    }
    return x;
  };
}

const WALKS: Readonly<Record<string, readonly [make: () => nc.Optimizer, walk: Walk]>> = {
  "adam along a cosine": [
    () => nc.adam({ learningRate: nc.cosineDecay({ learningRate: 0.05, steps: 3 }) }),
    adamWalk,
  ],
  sgd: [() => nc.sgd({ learningRate: 0.05 }), momentumWalk(0, false)],
  "sgd with momentum": [
    () => nc.sgd({ learningRate: 0.05, momentum: 0.9 }),
    momentumWalk(0.9, false),
  ],
  "sgd with Nesterov's momentum": [
    () => nc.sgd({ learningRate: 0.05, momentum: 0.8, nesterov: true }),
    momentumWalk(0.8, true),
  ],
};

/** All parameters in one vector, so that one comparison serves them. */
function walkTrial(
  draw: Draw,
  make: () => nc.Optimizer,
  walk: Walk,
  record?: typeof nc.jit,
): Trial {
  const shapes = Array.from({ length: draw.whole(1, 12) }, () => draw.shape([0, 3], 9));
  const slopes = shapes.map((shape) =>
    Array.from({ length: STEPS }, () => draw.between(shape, 0.5, 2).values)
  );
  const optimizer = make();
  const plain = (grads: nc.Tree, state: nc.Tree, params: nc.Tree): [nc.Tree, nc.Tree] =>
    tf.tidy(() => nc.stepWith(optimizer, grads, state, params) as never);
  return {
    inputs: shapes.map((shape) => draw.normal(shape)),
    options: `${STEPS} steps`,
    run: (...start) => {
      // The copies may be used up.
      let params: nc.Tree = Object.fromEntries(start.map((leaf, i) => [`p${i}`, tf.clone(leaf)]));
      const recorded = record?.(plain, { donate: [1, 2] });
      const advance = recorded ?? plain;
      let state = optimizer.init(params);
      for (let step = 0; step < STEPS; step++) {
        const grads: nc.Tree = Object.fromEntries(
          shapes.map((shape, i) => [`p${i}`, tf.tensor(slopes[i]![step]!, shape)]),
        );
        [params, state] = advance(grads, state, params);
      }
      recorded?.dispose();
      return tf.concat(nc.leaves(params).map((leaf) => tf.reshape(leaf, [-1])));
    },
    reference: (...start) =>
      Float64Array.from(
        start.flatMap((values, i) =>
          [...values].map((x, j) => walk(x, slopes[i]!.map((step) => step[j]!)))
        ),
      ),
    gradients: "none",
  };
}

/** The optimizers. */
export const optimizers: readonly Subject[] = Object.entries(WALKS).map(
  ([name, [make, walk]]) => ({ name, draw: (draw) => walkTrial(draw, make, walk) }),
);

/** A function for jit: Σ over rows of tanh(x · w), scaled. */
function jitTrial(draw: Draw): Trial {
  const [rows, depth, columns] = [draw.whole(1, 6), draw.whole(1, 9), draw.whole(1, 7)];
  const squashed = (x: nc.Tensor, w: nc.Tensor): nc.Tensor =>
    tf.tidy(() => tf.mul(tf.sum(tf.tanh(tf.matMul(x, w)), 0), 3));
  return {
    inputs: [draw.normal([rows, depth]), draw.normal([depth, columns])],
    run: (x, w) => {
      const recorded = nc.jit(squashed);
      // The first call records, the second replays: with other numbers, lest it repeat itself.
      recorded(tf.zerosLike(x!), w!).dispose();
      const y = recorded(x!, w!);
      recorded.dispose();
      return y;
    },
    reference: (x, w) =>
      Float64Array.from({ length: columns }, (_, n) => {
        let sum = 0;
        for (let m = 0; m < rows; m++) sum += Math.tanh(dot(x!, w!, m, n, depth, columns));
        return 3 * sum;
      }),
    gradients: "none",
  };
}

function dot(x: Numbers, w: Numbers, m: number, n: number, depth: number, columns: number): number {
  let sum = 0;
  for (let k = 0; k < depth; k++) sum += x[m * depth + k]! * w[k * columns + n]!;
  return sum;
}

/** Recorded functions. */
export const recorded: readonly Subject[] = [
  { name: "jit, replayed", tolerance: 1e-4, draw: jitTrial },
  ...Object.entries(WALKS).map(([name, [make, walk]]): Subject => ({
    name: `jit of ${name}, in place`,
    draw: (draw) => walkTrial(draw, make, walk, nc.jit),
  })),
];
