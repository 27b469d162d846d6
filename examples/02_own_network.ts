// Builds a network with branches and a shortcut, trains it until its loss is below 1 (guessing has
// 2.3), and reads the activations inside it.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/02_own_network.ts
import { assert, assertEquals, assertLess } from "@std/assert";
import * as nc from "../mod.ts";

// A block is a function that returns a layer. Names become paths, such as `mixed/three/conv`.
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
const digits = nc.takeExamples((await nc.mnist()).train, 1600); // 50 steps of 32.
const losses: number[] = [];
const options = {
  batchSize: 32,
  optimizer: nc.adam({ learningRate: 0.003 }),
  onStep: ({ loss }: nc.StepReport) => losses.push(loss),
};

for await (const { network } of nc.fit(model, digits, options)) {
  const lastTen = losses.slice(-10).reduce((sum, loss) => sum + loss / 10, 0);
  console.log(`loss ${losses[0]!.toFixed(2)} at step 1, ${lastTen.toFixed(2)} at steps 41 to 50`);
  assertLess(lastTen, 1);

  // Parameters are a plain object with the names of the layers, and are typed.
  const { params, state } = network;
  assertEquals(params.mixed.three.conv.kernel.shape, [3, 3, 8, 8]);

  // An intercept is called around every named layer. This one keeps the outputs of the ReLUs.
  const outputs = new Map<string, nc.Tensor>();
  const intercept: nc.Intercept = ({ path, op }, x, next) => {
    const y = next(x);
    if (op === "relu") outputs.set(path, y);
    return y;
  };
  for await (const { images } of nc.batches(nc.takeExamples(digits, 1), { batchSize: 1 })) {
    model.apply(params, state, images, { intercept });
  }
  for (const [path, output] of outputs) {
    const values = await output.data();
    const active = values.filter((value) => value > 0).length / values.length;
    console.log(`${path} [${output.shape}]: ${(100 * active).toFixed(0)} % active`);
    assert(active > 0 && active < 1);
  }
  assertEquals([...outputs.keys()].slice(0, 2), ["stem/relu", "mixed/one/relu"]);
}
