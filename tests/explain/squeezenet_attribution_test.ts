// SqueezeNet's maps of a photo are those of PyTorch with hooks.
import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import {
  type Attribution,
  classLogit,
  gradCam,
  inputGradient,
  integratedGradients,
  neuron,
  saliency,
} from "../../lib/explain/mod.ts";
import { type Network, start, type Tensor, tf } from "../../mod.ts";
import { BACKWARD_RULES } from "../../lib/explain/backward_rule.ts";
import { decodeImage, inputShapeOf, preprocess, preprocessings } from "../../lib/image/mod.ts";
import { open as openNetwork } from "../../lib/weights/open.ts";
import { hasAdapter } from "../device/adapter.ts";
import golden from "../golden/attribution.json" with { type: "json" };
import { sharedDataTest, sharedPath } from "../shared_data.ts";

const backend = hasAdapter ? "webgpu" : "cpu";

type Scene = { readonly network: Network; readonly x: Tensor };

let scene: Promise<Scene> | undefined;

/** The network and chelsea, loaded once. */
function open(): Promise<Scene> {
  return scene ??= (async () => {
    await start({ backend });
    const network = await openNetwork(sharedPath("squeezenet1_0-imagenet.safetensors"));
    const photo = await decodeImage(Deno.readFileSync(sharedPath("photos/chelsea.png")), "chelsea");
    const how = preprocessings.caffe;
    return { network, x: tf.tensor(preprocess(photo, how), [1, ...inputShapeOf(how)]) };
  })();
}

const numbers = (text: string): number[] => text.split(" ").map(Number);

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}

/** The means of values `[227, 227, channels]` over PyTorch's cells. */
function cellsOf(values: ArrayLike<number>, channels: number, edges: readonly number[]): number[] {
  const cells: number[] = [];
  for (let i = 0; i + 1 < edges.length; i++) {
    for (let j = 0; j + 1 < edges.length; j++) {
      for (let c = 0; c < channels; c++) {
        const [top, bottom, left, right] = [edges[i]!, edges[i + 1]!, edges[j]!, edges[j + 1]!];
        let sum = 0;
        for (let y = top; y < bottom; y++) {
          for (let x = left; x < right; x++) sum += values[(y * 227 + x) * channels + c]!;
        }
        cells.push(sum / ((bottom - top) * (right - left)));
      }
    }
  }
  return cells;
}

function assertLikeTorch(name: string, values: ArrayLike<number>, channels: number): void {
  const wanted = golden.maps.find((map) => map.name === name)!;
  assertEquals(values.length, 227 * 227 * channels);
  const places = numbers(wanted.places).map((place) => values[place]!);
  const norm = Math.hypot(...places);
  assertGreater(norm, 0);
  assertGreater(cosine(places, numbers(wanted.values)), 0.999, `${name}: single numbers`);
  const cells = cellsOf(values, channels, wanted.edges);
  assertGreater(cosine(cells, numbers(wanted.cells)), 0.999, `${name}: cells`);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! ** 2;
  assertLess(Math.abs(Math.sqrt(squares) / wanted.norm - 1), 2e-3, `${name}: norm`);
}

for (const rule of BACKWARD_RULES) {
  sharedDataTest(
    `SqueezeNet's backward pass by ${rule} for chelsea equals PyTorch's with hooks`,
    async () => {
      const { network, x } = await open();
      const strongest = golden.neurons.map(({ layer, channel, at, score }) => ({
        name: `${rule} of ${layer}`,
        objective: neuron(layer, channel, at as [number, number]),
        score,
      }));
      const tabby = classLogit(golden.class);
      // The gradient of the class is below 0 everywhere at fire7: DeconvNet passes nothing.
      const own = { name: `${rule} of class`, objective: tabby, score: golden.score };
      const checked = rule === "deconvnet" ? strongest : [own, ...strongest];
      for (const { name, objective, score } of checked) {
        const { scores, gradient } = inputGradient(network, x, objective, { rule });
        assertAlmostEquals((await scores.data())[0]!, score, 1e-4 * score);
        assertLikeTorch(name, await gradient.data(), 3);
        tf.dispose([scores, gradient]);
      }
    },
  );
}

sharedDataTest(
  "by deconvnet the gradient of SqueezeNet's class is zero, as in PyTorch",
  async () => {
    const { network, x } = await open();
    assertEquals(golden.maps.find(({ name }) => name === "deconvnet of class")!.norm, 0);
    const { values } = await saliency(network, x, golden.class, { rule: "deconvnet" });
    assertEquals(values.filter((value) => value !== 0).length, 0);
  },
);

sharedDataTest("SqueezeNet's Grad-CAM for chelsea equals PyTorch's with hooks", async () => {
  const { network, x } = await open();
  const last = await gradCam(network, x, golden.class);
  assertEquals([last.layer, last.shape], ["relu10", [1, 227, 227, 1]]);
  assertLikeTorch("grad-cam of relu10", last.values, 1);
  const fire = await gradCam(network, x, golden.class, { layer: "fire9" });
  assertLikeTorch("grad-cam of fire9", fire.values, 1);
  assertAlmostEquals(fire.scores[0]!, golden.score, 1e-3);
});

sharedDataTest(
  "SqueezeNet's saliency is the largest magnitude over the channels of its gradient",
  async () => {
    const { network, x } = await open();
    const { gradient } = inputGradient(network, x, classLogit(golden.class));
    const numbers = await gradient.data();
    const map: Attribution = await saliency(network, x, golden.class);
    const wanted = Float32Array.from(
      map.values,
      (_, i) => Math.max(...numbers.subarray(3 * i, 3 * i + 3).map(Math.abs)),
    );
    assertEquals(map.values, wanted);
    gradient.dispose();
  },
);

sharedDataTest(
  "SqueezeNet's integrated gradients add up to the difference of the scores of chelsea and gray",
  async () => {
    const { network, x } = await open();
    const tensors = tf.memory().numTensors;
    const all = await integratedGradients(network, x, golden.class, { steps: 20 });
    assertEquals(tf.memory().numTensors, tensors);
    const difference = all.scores[0]! - all.baselineScores[0]!;
    assertGreater(difference, 10);
    assertLess(Math.abs(all.deltas[0]!), 0.02 * difference);
  },
  { ignore: !hasAdapter },
);
