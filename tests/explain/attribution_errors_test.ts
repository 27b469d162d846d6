// Bad input of the methods of attribution.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { attributionMap, channel, gradCam, guidedGradCam } from "../../lib/explain/mod.ts";
import { tf } from "../../mod.ts";
import { onCpu } from "../backends.ts";
import { images, linear, METHODS, small } from "./small_networks.ts";

onCpu("what cannot be explained is refused before anything is computed", async () => {
  const network = small();
  const x = images();
  for (const method of Object.values(METHODS)) {
    const refused = (
      type: typeof RangeError | typeof TypeError,
      text: string,
      ...args: Parameters<typeof method>
    ) => assertRejects(() => method(...args), type, text);
    await refused(
      RangeError,
      "a class: it must be a whole number from 0 to 2, got 3",
      network,
      x,
      3,
    );
    await refused(RangeError, "got -1", network, x, -1);
    for (const target of ["3", undefined, {}, [1]] as unknown as number[]) {
      await refused(
        TypeError,
        "the target must be the index of a class or an objective",
        network,
        x,
        target,
      );
    }
    await refused(RangeError, "got 0.5", network, x, 0.5);
    await refused(RangeError, 'did you mean "conv1"', network, x, channel("conv11", 0));
    await refused(
      TypeError,
      "must be a tensor [N, height, width, channels], got a tensor [12,12,2]",
      network,
      x.squeeze([0]),
      1,
    );
    await refused(
      TypeError,
      'got [12,12,3], for which "conv1/kernel" would be [3,3,3,4], not [3,3,2,4]',
      network,
      tf.zeros([1, 12, 12, 3]),
      1,
    );
    await refused(
      TypeError,
      '[16,16,2], for which "logits/kernel"',
      network,
      tf.zeros([1, 16, 16, 2]),
      1,
    );
    await refused(
      TypeError,
      "must be a tensor [N, height, width, channels]",
      network,
      tf.zeros([0, 12, 12, 2]),
      1,
    );
  }
  const flat = linear([12, 12, 2], Array.from({ length: 288 }, () => [1, 1]));
  for (
    const name of ["saliency", "inputTimesGradient", "smoothGrad", "integratedGradients", "gradCam"]
  ) {
    for (const rule of ["guided", "deconvnet"]) {
      await assertRejects(
        () => METHODS[name]!(flat, x, 1, { rule }),
        TypeError,
        `by the ${rule} rule: the model must have a ReLU`,
      );
    }
  }
  await assertRejects(() => guidedGradCam(flat, x, 1), TypeError, "must have a ReLU");
  await assertRejects(
    () => gradCam(flat, x, 1),
    TypeError,
    "must have a layer that outputs [height, width, channels]",
  );
});

onCpu("options out of range are refused", async () => {
  const network = small();
  const x = images();
  const refused = (name: string, options: object, text: string) =>
    assertRejects(() => METHODS[name]!(network, x, 1, options), Error, text);
  await refused(
    "smoothGrad",
    { samples: 0 },
    "the samples must be a whole number of at least 1, got 0",
  );
  await refused("smoothGrad", { samples: 2.5 }, "got 2.5");
  await refused(
    "smoothGrad",
    { noise: -0.1 },
    "the noise must be a share of at least 0, got -0.1",
  );
  await refused(
    "integratedGradients",
    { steps: 0 },
    "the steps must be a whole number of at least 1, got 0",
  );
  await refused("integratedGradients", { quadrature: "simpson" }, "got simpson");
  await refused(
    "integratedGradients",
    { baseline: NaN },
    "baseline must be finite, got NaN",
  );
  await refused(
    "integratedGradients",
    { baseline: tf.zeros([12, 12, 1]) },
    "[12,12,2] or [1,12,12,2], got [12,12,1]",
  );
  await refused(
    "occlusion",
    { window: 13 },
    "window's height must be at most the image's, 12, got 13",
  );
  await refused(
    "occlusion",
    { window: [12, 13] },
    "window's width must be at most the image's, 12, got 13",
  );
  await refused(
    "occlusion",
    { window: 0 },
    "window's height must be a whole number of at least 1, got 0",
  );
  await refused(
    "occlusion",
    { window: 2, stride: 3 },
    "the stride along the height must be at most the window's, 2, got 3",
  );
  await refused(
    "occlusion",
    { stride: 0 },
    "stride along the height must be a whole number of at least 1",
  );
  await refused(
    "occlusion",
    { batchSize: 0 },
    "batch size must be a whole number of at least 1, got 0",
  );
  await refused("gradCam", { layer: "convo2" }, 'did you mean "conv2"');
  await refused(
    "gradCam",
    { layer: "logits" },
    'outputs [height, width, channels], got [3] of "logits"',
  );
  await refused("gradCam", { layer: "" }, "must be a named one");
  await refused(
    "saliency",
    { rule: "guide" },
    "must be one of backprop, deconvnet, guided, got guide",
  );
  const early = channel("conv1", 0);
  await assertRejects(
    () => gradCam(network, x, early),
    RangeError,
    'its layer must come before, got "relu2"',
  );
  assertEquals((await gradCam(network, x, early, { layer: "conv1" })).layer, "conv1");
});

onCpu("an image that is not finite is refused", async () => {
  const network = small();
  const broken = tf.fill([1, 12, 12, 2], NaN);
  for (const method of Object.values(METHODS)) {
    await assertRejects(
      () => method(network, broken, 1),
      RangeError,
      "all values must be finite, got NaN",
    );
  }
});

onCpu("a map of an image that is not there is refused", () => {
  const attribution = {
    method: "",
    target: "",
    scores: [0],
    shape: [1, 1, 1, 1],
    values: new Float32Array(1),
  } as const;
  assertThrows(() => attributionMap(attribution, 1), RangeError, "from 0 to 0, got 1");
});
