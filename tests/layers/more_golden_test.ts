// The layers of the namespace against PyTorch's outputs and gradients, plain and under jit.
import { assert, assertEquals } from "@std/assert";
import { type AnyLayer, jit, layers, type Tensor, tf, valueAndGrad } from "../../mod.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { type LayerCase, shapeOf, tensorOf, tensorsOf, valuesOf } from "../golden/golden.ts";
import file from "../golden/more_layers.json" with { type: "json" };

const known = (file as unknown as { readonly layers: readonly LayerCase[] }).layers;

// deno-lint-ignore no-explicit-any
const MAKERS: Readonly<Record<string, (options: any) => unknown>> = {
  convTranspose: layers.convTranspose,
  elu: ({ alpha }) => layers.elu(alpha),
  gelu: layers.gelu,
  groupNorm: layers.groupNorm,
  instanceNorm: layers.instanceNorm,
  layerNorm: layers.layerNorm,
  hardSigmoid: () => layers.hardSigmoid(),
  hardSwish: () => layers.hardSwish(),
  logSoftmax: () => layers.logSoftmax(),
  padBy: layers.padBy,
  pixelShuffle: ({ factor }) => layers.pixelShuffle(factor),
  pixelUnshuffle: ({ factor }) => layers.pixelUnshuffle(factor),
  prelu: layers.prelu,
  relu6: () => layers.relu6(),
  selu: () => layers.selu(),
  silu: () => layers.silu(),
  upsample: layers.upsample,
  softplus: () => layers.softplus(),
};

for (const one of known) {
  onEachBackend(`${one.op}, ${one.name}, equals PyTorch's`, async (backend) => {
    const layer = MAKERS[one.op]!(one.options) as AnyLayer;
    const declared = layer.declare(shapeOf(one.x).slice(1));
    assertEquals([...declared.shape], shapeOf(one.y).slice(1));
    assert(declared.cost, "no cost is declared");
    const slots = Object.entries(declared.params as Record<string, { shape: readonly number[] }>);
    assertEquals(
      slots.map(([name, { shape }]) => [name, [...shape]]),
      Object.entries(one.params).map(([name, text]) => [name, shapeOf(text)]),
    );
    const upstream = tensorOf(one.upstream);
    const slopes = (x: Tensor, params: Readonly<Record<string, Tensor>>): Tensor[] => {
      const { grads, aux } = valueAndGrad((tree: { x: Tensor; params: typeof params }) => {
        const [y] = layer.apply(tree.params, {}, tree.x, {});
        return [tf.sum(tf.mul(y, upstream)).asScalar(), { y }];
      })({ x, params });
      return [aux.y, grads.x, ...Object.keys(params).map((name) => grads.params[name]!)];
    };
    const wanted = [one.y, one.xGradient, ...Object.values(one.paramGradients)];
    const names = ["output", "gradient by the input", ...Object.keys(one.paramGradients)];
    const runs: (typeof slopes)[] = backend === "webgpu" ? [slopes, jit(slopes)] : [slopes];
    for (const run of runs) {
      const found = run(tensorOf(one.x), tensorsOf(one.params));
      for (const [i, text] of wanted.entries()) {
        assertEquals(found[i]!.shape, shapeOf(text), names[i]!);
        await assertClose(found[i]!, valuesOf(text), names[i]!);
      }
    }
  });
}
