// The auxiliary layer: its input goes through, its head runs in training alone.
import { assertEquals, assertThrows } from "@std/assert";
import {
  adaptiveMeanPool,
  auxiliary,
  batchNorm,
  dense,
  init,
  type Intercept,
  key,
  type Layer,
  parallel,
  sequential,
  type Shape,
  type Tensor,
  type Tensor4D,
  tf,
} from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { auxiliaryWeights } from "../../lib/layers/auxiliary.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { assertGradients } from "../finite_differences.ts";

function headed(): Layer {
  return sequential({
    first: dense({ features: 3 }),
    aux: auxiliary(sequential({ norm: batchNorm(), logits: dense({ features: 2 }) }) as Layer),
    logits: dense({ features: 2 }),
  }) as Layer;
}

onEachBackend(
  "an auxiliary layer's head is seen in training, and not run in inference",
  async () => {
    const model = headed();
    const { params, state } = init(model, key(0), [4]);
    const x = tf.tensor2d(normalArray(key(1), 20), [5, 4]);
    const seen = (training: boolean) => {
      const outputs = new Map<string, Tensor>();
      const intercept: Intercept = ({ path }, input, next) => {
        const y = next(input);
        outputs.set(path, y);
        return y;
      };
      const [y, nextState] = model.apply(params, state, x, { training, intercept });
      return { y, nextState, outputs };
    };
    const [calm, trained] = [seen(false), seen(true)];
    assertEquals([...calm.outputs.keys()], ["first", "aux", "logits"]);
    assertEquals(calm.nextState, state);
    assertEquals(
      [...trained.outputs.keys()],
      ["first", "aux/head/norm", "aux/head/logits", "aux/head", "aux", "logits"],
    );
    assertEquals(trained.outputs.get("aux"), trained.outputs.get("first"));
    assertEquals(trained.outputs.get("aux/head")!.shape, [5, 2]);
    await assertClose(trained.y, calm.y, "the model's output");
    type Statistics = { aux: { head: { norm: { mean: Tensor } } } };
    const means = [state, trained.nextState].map((s) =>
      (s as unknown as Statistics).aux.head.norm.mean
    );
    const batch = tf.mean(trained.outputs.get("first")!, 0);
    await assertClose(means[1]!, tf.mul(batch, 0.1), "the head's running mean");
    assertEquals(await means[0]!.data(), new Float32Array(3));
  },
);

Deno.test("the weights of auxiliary heads are found however deep they lie", () => {
  const model = sequential({
    body: parallel({
      a: auxiliary(dense({ features: 2 }) as Layer, { weight: 0.5 }),
      b: headed(),
    }),
    outer: auxiliary(auxiliary(dense({ features: 2 }) as Layer) as Layer, { weight: 0 }),
  });
  assertEquals(auxiliaryWeights(model, [4]), {
    "body/a/head": 0.5,
    "body/b/aux/head": 0.3,
    "outer/head": 0,
    "outer/head/head": 0.3,
  });
  assertEquals(auxiliaryWeights(dense({ features: 2 }), [4]), {});
  assertThrows(() => auxiliaryWeights(model, [4, 4]), TypeError, 'In "body/');
});

Deno.test("an auxiliary layer refuses weights that are none, and inputs its head can not take", () => {
  for (const weight of [-1, NaN, Infinity]) {
    const make = () => auxiliary(dense({ features: 2 }) as Layer, { weight });
    assertThrows(make, RangeError, `got ${weight}`);
  }
  assertThrows(() => headed().declare([4, 4]), TypeError, 'In "first": ');
  const model = auxiliary(dense({ features: 2 }) as Layer);
  assertThrows(() => model.declare([4, 4]), TypeError, 'In "head": ');
});

/** PyTorch's definition: window i of n over `length` goes from ⌊i · length / n⌋ to ⌈(i + 1) · length / n⌉. */
function adaptiveMeans(x: Float32Array, [height, width, channels]: Shape, n: number): number[] {
  const means: number[] = [];
  const bounds = (i: number, length: number) =>
    [Math.floor(i * length / n), Math.ceil((i + 1) * length / n)] as const;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let c = 0; c < channels!; c++) {
        let [sum, count] = [0, 0];
        const [[top, bottom], [left, right]] = [bounds(i, height!), bounds(j, width!)];
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++, count++) {
            sum += x[(row * width! + column) * channels! + c]!;
          }
        }
        means.push(sum / count);
      }
    }
  }
  return means;
}

onEachBackend(
  "adaptiveMeanPool averages PyTorch's windows, whatever the input's size",
  async () => {
    for (
      const [shape, n] of [[[14, 14, 4], 4], [[8, 12, 3], 4], [[5, 7, 2], 3], [
        [2, 3, 1],
        4,
      ]] as const
    ) {
      const layer = adaptiveMeanPool(n);
      const x = normalArray(key(n), shape[0] * shape[1] * shape[2]);
      const [y] = layer.apply({}, {}, tf.tensor4d(x, [1, ...shape]), {});
      assertEquals(y.shape, [1, n, n, shape[2]]);
      assertEquals(layer.declare(shape).shape, [n, n, shape[2]]);
      await assertClose(y, adaptiveMeans(x, shape, n), `[${shape}] to ${n}`);
    }
    // F.adaptive_avg_pool2d(torch.arange(1., 26.).view(1, 1, 5, 5), 2)
    const ramp = tf.tensor4d(Array.from({ length: 25 }, (_, i) => i + 1), [1, 5, 5, 1]);
    await assertClose(adaptiveMeanPool(2).apply({}, {}, ramp, {})[0], [7, 9, 17, 19]);
  },
);

onEachBackend("adaptiveMeanPool has the gradient that differences say", async () => {
  for (const [height, width] of [[5, 4], [4, 6]] as const) {
    await assertGradients(
      ({ x }) => adaptiveMeanPool(height - 2, 2).apply({}, {}, x as Tensor4D, {})[0],
      { x: tf.tensor4d(normalArray(key(3), height * width * 2), [1, height, width, 2]) },
    );
  }
});

Deno.test("adaptiveMeanPool refuses sizes that are none, and what is no image", () => {
  for (const size of [0, -1, 1.5, NaN]) {
    assertThrows(() => adaptiveMeanPool(size), RangeError, `got ${size}`);
    assertThrows(() => adaptiveMeanPool(2, size), RangeError, `got ${size}`);
  }
  assertThrows(() => adaptiveMeanPool(2).declare([4]), TypeError, "got [4]");
});
