import { assertEquals, assertThrows } from "@std/assert";
import { activations } from "../../lib/explain/mod.ts";
import { auxiliary, dense, init, key, layersOf, sequential, tf } from "../../mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { onCpu } from "../backends.ts";

const model = sequential({
  one: dense({ features: 3 }),
  side: auxiliary(dense({ features: 2 })),
  two: dense({ features: 2 }),
});

Deno.test("of an auxiliary layer the head, which runs in training alone, is not looked at", () => {
  assertEquals([...layersOf(model, [4]).keys()], ["", "one", "side", "two"]);
  const message =
    'Cannot look at a layer: it must not run in training alone, got "side/head", a head of "side"';
  assertThrows(() => requireLayer(model, [4], "side/head"), RangeError, message);
  assertThrows(() => requireLayer(model, [4], "onee"), RangeError, "one");
});

onCpu("all layers of a model with an auxiliary head can be tapped", () => {
  const network = init(model, key(0), [4]);
  const outputs = activations(network, tf.ones([5, 4]));
  assertEquals([...outputs].map(([path, { shape }]) => [path, shape]), [
    ["", [5, 2]],
    ["one", [5, 3]],
    ["side", [5, 3]],
    ["two", [5, 2]],
  ]);
  tf.dispose([...outputs.values(), network.params, network.state] as unknown as tf.Tensor[]);
});
