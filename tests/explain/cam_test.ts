// The kin of Grad-CAM: as pytorch-grad-cam has it, by hand, and what does not fit.
import { assertEquals, assertRejects } from "@std/assert";
import { CAM_NAMES } from "../../lib/explain/attribution/cam_weights.ts";
import { type CamMethod, gradCam, guidedGradCam } from "../../lib/explain/mod.ts";
import { classLogit } from "../../lib/explain/mod.ts";
import { tf } from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import {
  GOLDEN_TARGET,
  goldenImages,
  goldenNetwork,
  goldenNumbers,
} from "../golden/golden_network.ts";
import { images, small } from "./small_networks.ts";

const METHODS = Object.keys(CAM_NAMES) as CamMethod[];

/** Scaled to 0 to 1 as pytorch-grad-cam does it, before and after enlarging alike. */
function scaled(values: Float32Array): number[] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return Array.from(values, (value) => (value - least) / (most - least));
}

onEachBackend("maps are those of pytorch-grad-cam by each method", async () => {
  const x = goldenImages(11);
  for (const method of METHODS) {
    const network = goldenNetwork(method === "score-cam" ? 1 : 200);
    const found = await gradCam(network, x, GOLDEN_TARGET, { method, layer: "relu2" });
    assertEquals([found.method, found.shape], [CAM_NAMES[method], [2, 10, 11, 1]]);
    const maps = [0, 1].flatMap((i) => scaled(found.values.slice(110 * i, 110 * (i + 1))));
    await assertClose(maps, goldenNumbers(method), method, 1e-5);
  }
});

onEachBackend(
  "Score-CAM is the same in batches of any size, one by one, and without jit",
  async () => {
    const network = small();
    const x = images(2);
    const cam = (options: object, part = x) =>
      gradCam(network, part, 2, { method: "score-cam", layer: "relu2", ...options });
    const whole = await cam({});
    for (const options of [{ batchSize: 1 }, { batchSize: 3 }, { batchSize: 99 }, { jit: false }]) {
      await assertClose((await cam(options)).values, whole.values, JSON.stringify(options), 1e-5);
    }
    const second = await cam({}, tf.slice(x, [1], [1]));
    await assertClose(whole.values.slice(144), second.values, "the second image", 1e-5);
    const seen: number[] = [];
    await cam({ batchSize: 3, onProgress: (done: number) => void seen.push(done) });
    assertEquals(seen, [3, 5, 8, 10]);
  },
);

onCpu("guided Grad-CAM takes any method", async () => {
  const network = small();
  const options = { method: "layer-cam", layer: "relu1" } as const;
  const map = await gradCam(network, images(), 1, options);
  const plain = await guidedGradCam(network, images(), 1, { layer: "relu1" });
  const cam = await gradCam(network, images(), 1, { layer: "relu1" });
  const guided = await guidedGradCam(network, images(), 1, options);
  assertEquals(guided.method, "guided Layer-CAM");
  const wanted = plain.values.map((value, i) => value * map.values[i >> 1]!);
  await assertClose(guided.values.map((value, i) => value * cam.values[i >> 1]!), wanted);
});

onCpu("no tensor is left by any method, also by a signal and an error", async () => {
  const network = small();
  const x = images();
  const before = tf.memory().numTensors;
  for (const method of METHODS) await gradCam(network, x, 1, { method });
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(
    () => gradCam(network, x, 1, { method: "score-cam", signal }),
    Error,
    "enough",
  );
  const broken = {
    ...classLogit(1),
    score: () => {
      throw new Error("broken");
    },
  };
  await assertRejects(() => gradCam(network, x, broken, { method: "score-cam" }), Error, "broken");
  assertEquals(tf.memory().numTensors, before);
});

onCpu("methods and options that are not there are refused", async () => {
  const refused = (options: object, text: string) =>
    assertRejects(() => gradCam(small(), images(), 1, options), RangeError, text);
  await refused({ method: "score" }, 'its method must be "grad-cam", "grad-cam++"');
  await refused({ method: "score-cam", batchSize: 0 }, "the batch size must be a whole number");
  await refused({ method: "score-cam", rule: "guided" }, "must be backprop, got guided");
});
