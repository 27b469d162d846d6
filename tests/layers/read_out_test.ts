// A network seen by one of its outputs.
import { assertEquals, assertThrows } from "@std/assert";
import { inputGradient } from "../../lib/explain/mod.ts";
import * as nc from "../../mod.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";

const { tf } = nc;
const both = nc.graph({
  features: { layer: nc.conv({ features: 3, size: 2 }), from: "input" },
  relu: nc.relu(),
  flat: nc.flatten(),
  digit: { layer: nc.dense({ features: 4 }), from: "flat" },
  angle: { layer: nc.dense({ features: 1 }), from: "flat" },
}, { outputs: ["digit", "angle"] });

onEachBackend("one output is the network's own, by the same paths and slopes", async () => {
  const network = nc.init(both, nc.key(1), [4, 4, 1]);
  const x = nc.tensor.normalTensor(nc.key(2), [2, 4, 4, 1]);
  const model = nc.layers.readOut(both, "digit");
  const declared = model.declare([4, 4, 1]);
  assertEquals([declared.shape, declared.ends], [[4], ["digit"]]);
  assertEquals([...nc.layersOf(model, [4, 4, 1]).keys()], [
    "",
    "features",
    "relu",
    "flat",
    "digit",
    "angle",
  ]);
  const { params, state } = network;
  const [{ digit }] = both.apply(params, state, x, {});
  await assertClose(model.apply(params, state, x, {})[0], digit);
  const objective = nc.explain.classLogit(2);
  const { gradient } = inputGradient({ model, params, state }, x, objective);
  const wanted = tf.grad((x: nc.Tensor) =>
    tf.sum(tf.gather(both.apply(params, state, x, {})[0].digit, [2], 1))
  )(x);
  await assertClose(gradient, wanted);
});

Deno.test("an output that is not there is refused with the nearest", () => {
  const declare = (name: string) => nc.layers.readOut(both, name).declare([4, 4, 1]);
  assertThrows(() => declare("digits"), TypeError, 'did you mean "digit"?');
  const one = nc.layers.readOut(nc.relu(), "digit");
  assertThrows(() => one.declare([4]), TypeError, "must have outputs by name, got one of [4]");
});
