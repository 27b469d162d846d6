// Steps of recorded functions that are computed in another's pass: fewer dispatches, the same numbers.
import { assertEquals, assertMatch } from "@std/assert";
import { counters } from "../../lib/device/mod.ts";
import { convolve } from "../../lib/tensor/convolve.ts";
import { applyCurve } from "../../lib/tensor/curves.ts";
import { normalize } from "../../lib/tensor/batch_norm.ts";
import {
  adam,
  disposeTree,
  findModel,
  init,
  jit,
  type Jitted,
  key,
  layers,
  mapTree,
  maxPool,
  meanPool,
  type Network,
  softmaxCrossEntropy,
  start,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tf,
  trainStep,
} from "../../mod.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";

const SAME = { stride: [1, 1], padding: "same", dilation: [1, 1], groups: 1 } as const;

/** Dispatches of a replay, after the numbers were compared with those of a plain call, bit by bit. */
async function replayed<A extends Tensor[]>(
  f: (...inputs: A) => Tensor[],
  ...inputs: A
): Promise<{ readonly dispatches: number; readonly plan: string }> {
  const recorded = jit(f) as unknown as Jitted<A, Tensor[]>;
  const call = recorded as unknown as (...inputs: A) => Tensor[];
  const plain = tf.tidy(() => f(...inputs));
  tf.dispose(call(...inputs));
  const before = counters().dispatches;
  const again = call(...inputs);
  const dispatches = counters().dispatches - before;
  for (const [i, one] of again.entries()) assertEquals(await one.data(), await plain[i]!.data());
  tf.dispose([plain, again]);
  const plan = recorded.plan();
  recorded.dispose();
  return { dispatches, plan };
}

function random(...shape: number[]): Tensor {
  return tf.randomUniform(shape, -1, 1);
}

/** A convolution, normalized by statistics of 0.5 to 1.5, with a shortcut, and a ReLU. */
function block(x: Tensor, filter: Tensor, statistics: Tensor): Tensor[] {
  const y = convolve(x as Tensor4D, filter as Tensor4D, SAME);
  const by = { scale: statistics, shift: statistics };
  const normal = normalize(y, by, { mean: statistics, variance: statistics }, 1e-5);
  return [tf.relu(tf.add(normal, x))];
}

gpuTest(
  "a normalization, a shortcut and a ReLU are computed in the convolution's pass",
  async () => {
    await onEachForm(async () => {
      for (const [channels, size] of [[8, 3], [6, 1]] as const) {
        const inputs = [
          random(2, 7, 5, channels),
          random(size, size, channels, channels),
          tf.randomUniform([channels], 0.5, 1.5),
        ] as const;
        const { dispatches, plan } = await replayed(block, ...inputs);
        assertEquals(dispatches, 1, plan);
        tf.dispose([...inputs]);
      }
    });
  },
);

gpuTest("curves are computed in the convolution's pass, also the same one twice", async () => {
  await onEachForm(async () => {
    // Six channels come in no fours, though all numbers together do.
    for (const channels of [8, 6]) {
      const inputs = [random(1, 4, 5, channels), random(3, 3, channels, channels)] as const;
      for (const name of ["relu6", "silu"] as const) {
        const act = (x: Tensor): Tensor => layers[name]().apply({}, {}, x, {})[0];
        const { dispatches, plan } = await replayed(
          (x, filter) => [act(tf.sigmoid(act(convolve(x as Tensor4D, filter as Tensor4D, SAME))))],
          ...inputs,
        );
        assertEquals(dispatches, 1, `${name} ${plan}`);
      }
      tf.dispose([...inputs]);
    }
  });
});

gpuTest("the gradient of pooling takes in that of the activation before it", async () => {
  await onEachForm(async () => {
    for (
      const [pool, name] of [[maxPool(), "MaxPoolGrad"], [meanPool(), "MeanPoolGrad"]] as const
    ) {
      for (const channels of [4, 6, 7]) {
        const inputs = [random(2, 8, 8, channels), random(2, 4, 4, channels)] as const;
        const pooled = (x: Tensor): Tensor => pool.apply({}, {}, tf.tanh(x), {})[0];
        const { plan } = await replayed((x, dy) => [tf.grad(pooled)(x, dy)], ...inputs);
        assertMatch(plan, new RegExp(`${name}\\+TanhGrad`));
        tf.dispose([...inputs]);
      }
    }
  });
});

gpuTest("sums that are cut into pieces are joined by what follows them", async () => {
  await onEachForm(async () => {
    const inputs = [random(4, 3000), random(3000, 8), random(4, 8)] as const;
    const f = (a: Tensor, b: Tensor, c: Tensor): Tensor[] => [
      tf.relu(tf.mul(tf.matMul(a, b), c)),
    ];
    const { plan } = await replayed(f, ...inputs);
    assertMatch(plan, /\+Multiply\+Relu/);
    tf.dispose([...inputs]);
  });
});

gpuTest("a number that somebody else looks at is written", async () => {
  await start();
  const [a, b, bias] = [random(6, 6), random(6, 6), random(6)];
  const of = async (f: (a: Tensor, b: Tensor) => Tensor[]): Promise<number> =>
    (await replayed(f, a, b)).dispatches;
  assertEquals(await of((a, b) => [tf.relu(tf.matMul(a, b))]), 1);
  // It is a result, or used twice, by one step or by two.
  assertEquals(
    await of((a, b) => {
      const y = tf.matMul(a, b);
      return [y, tf.relu(y)];
    }),
    2,
  );
  assertEquals(
    await of((a, b) => {
      const y = tf.matMul(a, b);
      return [tf.mul(y, y)];
    }),
    2,
  );
  assertEquals(
    await of((a, b) => {
      const y = tf.matMul(a, b);
      return [tf.add(tf.relu(y), tf.square(y))];
    }),
    3, // The product, one of the two, and the other with the sum in its pass.
  );
  // One number for many is not a number for each.
  assertEquals(await of((a, b) => [tf.add(tf.matMul(a, b), bias)]), 2);
  tf.dispose([a, b, bias]);
});

gpuTest("a step waits for all that it needs: it joins the latest of its inputs", async () => {
  await start();
  const inputs = [random(8, 8), random(8, 8)] as const;
  const f = (a: Tensor, b: Tensor): Tensor[] => {
    const early = tf.matMul(a, b);
    const late = tf.matMul(b, a);
    return [tf.relu(tf.sub(early, late)), tf.square(tf.sub(late, b))];
  };
  const { plan } = await replayed(f, ...inputs);
  // `late` is used twice: the difference joins `early` only after it, which is impossible.
  assertMatch(plan, /Sub\+Relu/);
  const g = (a: Tensor, b: Tensor): Tensor[] => [
    tf.relu(tf.sub(tf.matMul(a, b), tf.matMul(b, a))),
  ];
  assertEquals((await replayed(g, ...inputs)).dispatches, 2);
  tf.dispose([...inputs]);
});

gpuTest("what is concatenated is written in its place by what makes it", async () => {
  const pool = { kernel: 3, stride: 1, pad: "same" } as const;
  const of = (x: Tensor, filter: Tensor): Tensor4D =>
    convolve(x as Tensor4D, filter as Tensor4D, SAME);
  await onEachForm(async () => {
    for (const [channels, one, three, most] of [[8, 4, 12, 5], [6, 5, 3, 5], [8, 4, 3, 6]]) {
      const inputs = [
        random(2, 7, 5, channels!),
        random(1, 1, channels!, one!),
        random(3, 3, channels!, three!),
        tf.randomUniform([three!], 0.5, 1.5),
      ] as const;
      const inception = (x: Tensor, a: Tensor, b: Tensor, by: Tensor): Tensor[] => {
        const statistics = { mean: by, variance: by };
        const normal = normalize(of(x, b), { scale: by, shift: by }, statistics, 1e-5);
        const pooled = tf.maxPool(x as Tensor4D, pool.kernel, pool.stride, pool.pad);
        const inner = tf.concat([of(tf.avgPool(x as Tensor4D, 3, 1, "same"), a), pooled], 3);
        return [tf.concat([tf.relu(of(x, a)), tf.relu(normal), inner], 3)];
      };
      const { dispatches, plan } = await replayed(inception, ...inputs);
      // Numbers in fours cannot begin at a column that is no multiple of four.
      assertEquals(dispatches, most, plan);
      // Rows of several axes, and images one after another.
      for (const axis of [0, 1]) {
        const f = (x: Tensor, a: Tensor): Tensor[] => [
          tf.relu(tf.concat([of(x, a), of(tf.square(x), a), of(x, a)], axis)),
        ];
        const { dispatches, plan } = await replayed(f, inputs[0], inputs[1]);
        assertEquals(dispatches, 5, plan);
      }
      tf.dispose([...inputs]);
    }
  });
});

gpuTest("what somebody else looks at is concatenated as it is", async () => {
  await start();
  const [a, b] = [random(6, 8), random(8, 8)];
  const of = async (f: (a: Tensor, b: Tensor) => Tensor[]): Promise<number> =>
    (await replayed(f, a, b)).dispatches;
  assertEquals(await of((a, b) => [tf.concat([tf.matMul(a, b), tf.square(a)], 1)]), 2);
  // An argument, the same twice, or a result is copied.
  assertEquals(await of((a, b) => [tf.concat([tf.matMul(a, b), a], 1)]), 2);
  assertEquals(
    await of((a, b) => {
      const y = tf.matMul(a, b);
      return [tf.concat([y, y], 1)];
    }),
    2,
  );
  assertEquals(
    await of((a, b) => {
      const y = tf.matMul(a, b);
      return [y, tf.concat([tf.square(a), y], 1)];
    }),
    3,
  );
  // Sums of pieces are added in the place of their sum.
  const [wide, tall] = [random(16, 3000), random(3000, 8)];
  const f = (a: Tensor, b: Tensor): Tensor[] => [
    tf.concat([tf.matMul(a, b), tf.square(tf.matMul(a, b))], 1),
  ];
  const { plan } = await replayed(f, wide, tall);
  assertMatch(plan, /Sum\+Square\+Concat/);
  assertEquals(/ Concat/.test(plan), false, plan);
  tf.dispose([a, b, wide, tall]);
});

/** A network of the registry with random statistics, so that nothing is multiplied by one. */
function networkOf(name: string): Network {
  const { build, inputShape } = findModel(name);
  const { params, state, ...rest } = init(build(), key(0), inputShape);
  const wild = mapTree(([t]) => tf.randomUniform(t!.shape, 0.5, 1.5), state);
  disposeTree(state);
  return { ...rest, params, state: wild } as Network;
}

gpuTest("ResNet-20's forward pass is a dispatch a convolution, and few more", async () => {
  await start();
  const { model, params, state } = networkOf("resnet20");
  const images = random(2, 32, 32, 3);
  const forward = (x: Tensor): Tensor[] => [
    tf.tidy(() => model.apply(params, state, x, {})[0] as Tensor),
  ];
  const { dispatches, plan } = await replayed(forward, images);
  // 19 convolutions, two shortcuts, the mean and the dense layer.
  assertEquals(dispatches <= 27, true, plan);
  disposeTree(params, state);
  images.dispose();
});

gpuTest("SqueezeNet's forward pass has no concatenation", async () => {
  await start();
  const { params, state, model } = init(findModel("squeezenet").build(), key(0), [64, 64, 3]);
  const images = random(1, 64, 64, 3);
  const forward = (x: Tensor): Tensor[] => [
    tf.tidy(() => model.apply(params, state, x, {})[0] as Tensor),
  ];
  const { dispatches, plan } = await replayed(forward, images);
  // 26 convolutions, three poolings and the mean, which may be a sum of sums.
  assertEquals(dispatches <= 31, true, plan);
  disposeTree(params, state);
  images.dispose();
});

gpuTest(
  "a ReLU6 in training is computed in the passes of its neighbors, and so is its slope",
  async () => {
    await onEachForm(async () => {
      const x = random(2, 7, 5, 8);
      const filter = random(3, 3, 8, 8);
      const statistics = tf.randomUniform([8], 0.5, 1.5);
      const loss = (x: Tensor, filter: Tensor): tf.Scalar => {
        const by = { scale: tf.mul(statistics, 4), shift: statistics };
        const inner = convolve(x as Tensor4D, filter as Tensor4D, SAME);
        const y = applyCurve(
          normalize(inner, by, { mean: statistics, variance: statistics }, 1e-5),
          "relu6",
        );
        return tf.sum(tf.square(convolve(y as Tensor4D, filter as Tensor4D, SAME))) as tf.Scalar;
      };
      const { plan } = await replayed(
        (x, filter) => tf.grads(loss)([x!, filter!]),
        x,
        filter,
      );
      for (const name of ["relu6", "relu6Grad"]) {
        assertMatch(plan, new RegExp(`\\+${name} `), plan);
        assertEquals(plan.includes(`run     ${name} `), false, plan);
      }
      tf.dispose([x, filter, statistics]);
    });
  },
);

gpuTest(
  "ResNet-20's recorded step is at most 197 dispatches, and gives a plain step's parameters",
  async () => {
    await start();
    const { model, params, state } = networkOf("resnet20");
    const optimizer = adam();
    const plain = trainStep(model, softmaxCrossEntropy, optimizer);
    const recorded = jit(plain);
    const batch = {
      images: random(3, 32, 32, 3),
      labels: tf.oneHot(tf.tensor1d([1, 5, 9], "int32") as Tensor1D, 10).toFloat() as Tensor2D,
    };
    const trained = { params, state, optimizer: optimizer.init(params) };
    const from = {
      plain: plain(trained, batch, key(1)),
      recorded: recorded(trained, batch, key(1)),
    };
    const before = counters().dispatches;
    disposeTree(recorded(trained, batch, key(1)) as never);
    const dispatches = counters().dispatches - before;
    assertEquals(dispatches <= 197, true, `${dispatches}`);
    const all: Promise<void>[] = [];
    mapTree(
      ([a, b]) => {
        all.push(Promise.all([a!.data(), b!.data()]).then(([a, b]) => assertEquals(a, b)));
        return a!;
      },
      from.plain.params,
      from.recorded.params,
    );
    await Promise.all(all);
    recorded.dispose();
  },
);
