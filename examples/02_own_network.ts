// Makes a network with branches and a shortcut, brings its loss below 1 in 50 steps (guessing
// has 2.3), and looks at the maps inside it.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/02_own_network.ts
import { assert, assertEquals, assertLess } from "@std/assert";
import * as nc from "../mod.ts";

// A block is a function that answers a layer; names become paths, `mixed/three/conv`.
const block = (features: number, size: number) =>
  nc.sequential({
    conv: nc.conv({ features, size, padding: "same", bias: false }),
    norm: nc.batchNorm(),
    relu: nc.relu(),
  });

const model = nc.sequential({
  stem: block(8, 5),
  pool1: nc.maxPool(),
  mixed: nc.parallel({ one: block(8, 1), three: block(8, 3) }),
  pool2: nc.maxPool(),
  skip: nc.residual(nc.sequential({ first: block(16, 3), second: block(16, 3) })),
  flatten: nc.flatten(),
  logits: nc.dense({ features: 10 }),
});
console.log(nc.sizing.summary(model, [28, 28, 1])); // Nothing is allocated yet.

await nc.start();
const digits = nc.takeExamples((await nc.mnist()).train, 1600);
const losses: number[] = [];
const onStep = ({ loss }: nc.StepReport): void => void losses.push(loss);
const optimizer = nc.adam({ learningRate: 0.003 });

for await (const { network } of nc.fit(model, digits, { batchSize: 32, optimizer, onStep })) {
  const end = losses.slice(-10).reduce((sum, loss) => sum + loss / 10, 0);
  console.log(`loss ${losses[0]!.toFixed(2)} at step 1, ${end.toFixed(2)} at steps 41 to 50`);
  assertLess(end, 1);

  const { params, state } = network;
  assertEquals(params.mixed.three.conv.kernel.shape, [3, 3, 8, 8]); // Paths are typed.

  // An intercept is called around every named layer; this one keeps what ReLUs answer.
  const maps = new Map<string, nc.Tensor>();
  const tap: nc.Intercept = ({ path, op }, x, next) => {
    const y = next(x);
    if (op === "relu") maps.set(path, y);
    return y;
  };
  for await (const { images } of nc.batches(nc.takeExamples(digits, 1), { batchSize: 1 })) {
    model.apply(params, state, images, { intercept: tap });
  }
  for (const [path, map] of maps) {
    const values = await map.data();
    const active = values.filter((value) => value > 0).length / values.length;
    console.log(`${path} [${map.shape}]: ${(100 * active).toFixed(0)} % active`);
    assert(active > 0 && active < 1);
  }
  assertEquals([...maps.keys()].slice(0, 2), ["stem/relu", "mixed/one/relu"]);
}
