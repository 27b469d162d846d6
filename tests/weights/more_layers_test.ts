// PyTorch's names and shapes of the namespace's layers, and what has none.
import { assertEquals, assertThrows } from "@std/assert";
import {
  conv,
  dense,
  flatten,
  init,
  key,
  type Layer,
  layers,
  parallel,
  sequential,
} from "../../mod.ts";
import { fromTorch, tensorSource, type TorchLayout, toTorch } from "../../lib/weights/mod.ts";
import { onCpu } from "../backends.ts";

const DOTTED: TorchLayout = { name: "dotted", module: (layer) => layer.replaceAll("/", ".") };

onCpu("layers with learned numbers go to PyTorch's shapes and orders, and come back", async () => {
  const model = sequential({
    up: layers.convTranspose({ features: 6, size: [3, 2], groups: 2 }),
    act: layers.prelu(),
    groups: layers.groupNorm({ groups: 3 }),
    whole: layers.layerNorm({ axes: "all" }),
  });
  const shape = [2, 3, 4];
  const network = init(model, key(3), shape);
  const tensors = new Map(
    await Promise.all(
      [...toTorch(network, shape, DOTTED)].map(async ([name, tensor]) =>
        [name, { dtype: tensor.dtype, shape: tensor.shape, values: await tensor.values() }] as const
      ),
    ),
  );
  assertEquals([...tensors].map(([name, { shape }]) => [name, [...shape]]), [
    ["up.weight", [4, 3, 3, 2]],
    ["up.bias", [6]],
    ["act.weight", [6]],
    ["groups.weight", [6]],
    ["groups.bias", [6]],
    ["whole.weight", [6, 4, 4]],
    ["whole.bias", [6, 4, 4]],
  ]);
  // Of channel c at row y and column x: PyTorch's C, H, W, ours H, W, C.
  const numbers = Float32Array.from({ length: 96 }, (_, i) => i);
  tensors.set("whole.weight", { dtype: "float32", shape: [6, 4, 4], values: numbers });
  const back = await fromTorch(model, shape, tensorSource(tensors as never), DOTTED);
  const scale = await back.params.whole.scale!.array() as number[][][];
  assertEquals(scale[1]![2]![5], 5 * 16 + 1 * 4 + 2);
  assertEquals(await back.params.up.kernel.data(), await network.params.up.kernel.data());
});

onCpu("numbers whose order PyTorch has otherwise are refused", () => {
  const refused = (model: Layer, shape: number[], message: string): void => {
    assertThrows(() => toTorch(init(model, key(0), shape), shape, DOTTED), TypeError, message);
  };
  const turned = sequential({
    turn: layers.transpose([2, 0, 1]),
    flatten: flatten(),
    logits: dense({ features: 2 }),
  });
  refused(turned as never, [3, 4, 5], "the order of its 60 inputs must be known");
  const generator = sequential({
    first: dense({ features: 24 }),
    image: layers.reshape([2, 3, 4]),
    last: conv({ features: 1, size: 1 }),
  });
  refused(generator as never, [5], `got [2,3,4] at "image"`);
  const gated = sequential({
    flatten: flatten(),
    both: parallel(
      { a: dense({ features: 12 }), b: layers.activation((x) => x, "same") },
      "product",
    ),
    logits: dense({ features: 2 }),
  });
  refused(gated as never, [2, 2, 3], "the order of its 12 inputs must be known");
});
