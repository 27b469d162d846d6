// Padding in pixels is of both axes: tfjs counts windows across as it does down, by the height's size and stride.
import { tf } from "./tf.ts";

/** Operations on images whose windows are padded. */
const WINDOWED = /^(Fused)?(Depthwise)?Conv2d|^(Fused)?Conv2D|^(Avg|Max)Pool(?!3D)/;

type Attributes = { readonly pad?: unknown; readonly dataFormat?: string };

const engine = tf.engine() as unknown as {
  runKernel(name: string, inputs: tf.NamedTensorMap, attributes?: Attributes): unknown;
};
const { runKernel } = engine;
engine.runKernel = function (name, inputs, attributes): unknown {
  const { pad, dataFormat } = attributes ?? {};
  if (typeof pad !== "number" || !WINDOWED.test(name)) {
    return runKernel.call(this, name, inputs, attributes);
  }
  const [none, both] = [[0, 0], [pad, pad]];
  const sides = dataFormat === "NCHW" ? [none, none, both, both] : [none, both, both, none];
  return runKernel.call(this, name, inputs, { ...attributes, pad: sides });
};
