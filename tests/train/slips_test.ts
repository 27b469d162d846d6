// What people give in another's place: each slip is refused, in words that say how to mend it.
import { assertRejects } from "@std/assert";
import {
  classify,
  conv,
  dense,
  evaluate,
  explain,
  fit,
  flatten,
  imageFolder,
  init,
  key,
  lenet5,
  meanSquaredError,
  open,
  predict,
  relu,
  sequential,
  softmax,
  tf,
  writeCheckpoint,
} from "../../mod.ts";
import { onCpu } from "../backends.ts";

/** What code without types can pass. */
type Given = never;

const model = lenet5();
const small = sequential({ flatten: flatten(), logits: dense({ features: 10 }) });
const network = () => init(model, key(0), [28, 28, 1]);
const zeros = (...shape: number[]) => tf.zeros(shape);

/** A model of probabilities, whose softmax is in its head. */
const soft = sequential({
  flatten: flatten(),
  head: sequential({ logits: dense({ features: 10 }), softmax: softmax() }),
});
const softNetwork = () => init(soft, key(0), [28, 28, 1]);

/** Twenty digits, of which some part is something else. */
const digits = (other: object) => ({
  name: "mine",
  images: new Uint8Array(20 * 784),
  labels: Uint8Array.from({ length: 20 }, (_, i) => i % 10),
  imageShape: [28, 28, 1],
  classNames: [..."0123456789"],
  ...other,
});

const trained = async (examples: unknown, options?: unknown, of: unknown = model) => {
  for await (const _ of fit(of as Given, examples as Given, options as Given)) { /* to its end */ }
};

const TWICE =
  'the model must output logits, got a model that ends in "softmax". Leave that layer out';

const SLIPS: readonly (readonly [slip: string, f: () => unknown, error: string, words: string])[] =
  [
    [
      "a softmax where the loss has one",
      () => trained(digits({}), {}, soft),
      "RangeError",
      `Cannot fit: ${TWICE}`,
    ],
    [
      "a softmax where probabilities have one",
      () => evaluate(softNetwork(), digits({}) as Given),
      "RangeError",
      `Cannot evaluate: ${TWICE}`,
    ],
    [
      "a softmax where probabilities have one",
      () => predict(softNetwork(), zeros(1, 28, 28, 1)),
      "RangeError",
      `Cannot predict probabilities: ${TWICE}`,
    ],
    [
      "a softmax where probabilities have one",
      () => classify(softNetwork(), zeros(28, 28, 1)),
      "RangeError",
      `Cannot classify: ${TWICE}`,
    ],
    [
      "a softmax where logits are explained",
      () => explain.saliency(softNetwork(), zeros(1, 28, 28, 1), 3),
      "RangeError",
      `Cannot score a class: ${TWICE}`,
    ],
    [
      "a promise for a network",
      () => predict(Promise.resolve() as Given, zeros(1)),
      "TypeError",
      "got a promise, which must be awaited",
    ],
    [
      "a promise for a network",
      () => classify(Promise.resolve() as Given, "a.png"),
      "TypeError",
      "Cannot classify: the first argument must be a network",
    ],
    [
      "a model for a network",
      () => predict(model as Given, zeros(1)),
      "TypeError",
      "got a model, without params",
    ],
    [
      "images for a network",
      () => explain.saliency(zeros(1) as Given, network() as Given, 3),
      "TypeError",
      "first argument must be a network",
    ],
    [
      "one image for a batch",
      () => explain.saliency(network(), zeros(28, 28, 1), 3),
      "TypeError",
      "make a batch by tf.expandDims(x)",
    ],
    [
      "a list for a tensor",
      () => predict(network(), [[1]] as Given),
      "TypeError",
      "got a list. Numbers become one by tf.tensor",
    ],
    [
      "nothing for a tensor",
      () => predict(network(), undefined as Given),
      "TypeError",
      "got undefined",
    ],
    ["no batch", () => predict(network(), zeros(28, 28, 1)), "TypeError", "without the batch"],
    [
      "no batch and channels",
      () => predict(network(), zeros(28, 28)),
      "TypeError",
      "tf.reshape(x, [1, 28, 28, 1])",
    ],
    [
      "channels first",
      () => predict(network(), zeros(2, 1, 28, 28)),
      "TypeError",
      "got [2,1,28,28], with the channels first. Turn them by tf.transpose(x, [0, 2, 3, 1])",
    ],
    [
      "numbers for a picture",
      () => classify(network(), new Float32Array(784) as Given),
      "TypeError",
      "got a Float32Array",
    ],
    [
      "x and y apart",
      () => trained(zeros(20, 28, 28, 1), zeros(20, 10)),
      "TypeError",
      "got a tensor [20,28,28,1]",
    ],
    ["data that are not awaited", () => trained(Promise.resolve()), "TypeError", "must be awaited"],
    [
      "a rate for the options",
      () => trained(digits({}), 0.1),
      "TypeError",
      "such as { epochs: … }, got 0.1",
    ],
    [
      "labels in a list",
      () => trained(digits({ labels: ["1"] })),
      "TypeError",
      "got a list. Of names: Uint8Array.from(names",
    ],
    [
      "labels between classes",
      () => trained(digits({ labels: new Float32Array(20).fill(0.5) })),
      "RangeError",
      "a whole number below the 10 classes, got 0.5",
    ],
    [
      "labels below 0",
      () => trained(digits({ labels: new Int32Array(20).fill(-1) })),
      "RangeError",
      "got -1 at index 0",
    ],
    [
      "no class names",
      () => trained(digits({ classNames: undefined })),
      "TypeError",
      "classNames must be a list",
    ],
    ["no channels", () => trained(digits({ imageShape: [28, 28] })), "TypeError", "got [28,28]"],
    [
      "channels first",
      () => trained(digits({ imageShape: [1, 28, 28] })),
      "TypeError",
      "must have their channels last",
    ],
    [
      "columns without shape",
      () =>
        trained({ name: "xy", inputs: new Float32Array(2), targets: new Float32Array(2) }, {
          loss: meanSquaredError,
        }),
      "TypeError",
      "each must be { values, shape }",
    ],
    [
      "classes in another order",
      async () => {
        const classNames = [..."0123456789"];
        return await evaluate(
          { ...network(), classNames } as Given,
          digits({ classNames: classNames.toReversed() }) as Given,
        );
      },
      "RangeError",
      "in the network's order, 0, 1, 2, 3, …, got 9 in place of 0",
    ],
    [
      "a layer that is not called",
      () => sequential({ relu: relu as Given }),
      "TypeError",
      '"relu" must be a layer, such as relu(), got a function, which must be called',
    ],
    ["options by place", () => conv(8 as Given), "TypeError", "such as { features: … }, got 8"],
    [
      "no key",
      () => init(flatten(), [2, 2, 1] as Given, undefined as Given),
      "TypeError",
      "after the key, init(model, key(0), [28, 28, 1])",
    ],
    ["nothing to open", () => open(undefined as Given), "TypeError", "a path, a URL, a known name"],
    [
      "a folder to open",
      () => open("./examples"),
      "IsADirectory",
      "it is a folder: name a file in it",
    ],
    [
      "a picture to open",
      () => open("./examples/gallery/banner.png"),
      "SyntaxError",
      "is this a safetensors file? Others are known by their names: .pth, .pt, .onnx",
    ],
    ["no folder of pictures", () => imageFolder("nowhere"), "NotFound", "got none of that name"],
    [
      "a network for a checkpoint",
      () => writeCheckpoint("no.safetensors", network() as Given),
      "TypeError",
      "what await snapshot(network) returns, got { model,",
    ],
    [
      "a network whose epoch is over",
      async () => {
        const networks = [];
        for await (const each of fit(small, digits({}) as Given, { epochs: 2 })) {
          networks.push(each.network);
        }
        return predict(networks[0]!, zeros(1, 28, 28, 1));
      },
      "TypeError",
      "keep await snapshot(network)",
    ],
  ];

for (const [slip, f, error, words] of SLIPS) {
  onCpu(`refused with the mend: ${slip}, ${words.slice(0, 40)}`, async () => {
    const thrown = await assertRejects(async () => await f(), Error, words);
    if (thrown.name !== error) throw new Error(`must be a ${error}, got ${thrown.name}`);
  });
}
