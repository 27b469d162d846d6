// PyTorch's files are known by their keys and shapes, and answer what PyTorch answers.
import { assertEquals, assertThrows } from "@std/assert";
import { disposeTree, models, type Network, type Shape, start, tf } from "../../mod.ts";
import {
  fromTorch,
  openSafetensors,
  parseSafetensors,
  recognize,
  type Recognized,
  torchLayouts,
  toTorch,
} from "../../lib/weights/mod.ts";
import { hasAdapter } from "../device/adapter.ts";
import { sharedDataTest, sharedPath } from "../shared_data.ts";
import { torchKeys, type TorchvisionModel } from "../golden/torch_keys.ts";
import { BY_TORCHVISION } from "../models/table.ts";
import { fitTorch, torchFaults } from "../../lib/weights/torch_fit.ts";
import { torchSlots } from "../../lib/weights/torch_slots.ts";
import type { TensorSource } from "../../lib/weights/tensor_source.ts";

/** A source of which only the shapes are known. */
function shapesOf(shapes: ReadonlyMap<string, Shape>, file = "a.safetensors"): TensorSource {
  const read = (): never => {
    throw new Error("Nothing is to be read");
  };
  return { file, tensors: new Map([...shapes].map(([key, shape]) => [key, { shape }])), read };
}

function found({ name, layout, numClasses }: Recognized): string {
  return `${name} ${layout.name} ${numClasses}`;
}

for (const [theirs, ours] of Object.entries(BY_TORCHVISION)) {
  Deno.test(`torchvision's ${theirs} is recognized as ${ours}`, () => {
    const source = shapesOf(torchKeys(theirs as TorchvisionModel));
    assertEquals(found(recognize(source)), `${ours} torchvision 1000`);
    assertEquals(found(recognize(source, ours)), `${ours} torchvision 1000`);
  });
}

Deno.test("auxiliary heads are ignored if the model has none, and needed if it has", () => {
  const heads: [TorchvisionModel, number][] = [["googlenet", 20], ["inception_v3", 14]];
  for (const [theirs, count] of heads) {
    const ours = BY_TORCHVISION[theirs];
    const source = shapesOf(torchKeys(theirs));
    const { model, inputShape, layout } = recognize(source);
    const { ignored } = fitTorch(torchSlots(model, inputShape, layout), source);
    assertEquals(ignored.length, count);
    const whole = models[ours]!.build({ auxiliary: true });
    const fit = fitTorch(torchSlots(whole, inputShape, layout), source);
    assertEquals(fit.ignored, []);
    assertEquals(torchFaults(fit), { missing: [], unexpected: [], misshapen: [] });
  }
});

/** The shapes of a model of the registry by a layout, as PyTorch has them. */
function shapesBy(name: string, layout: string, numClasses: number): Map<string, Shape> {
  const { build, inputShape } = models[name]!;
  const names = torchLayouts[name]!.find((one) => one.name === layout)!;
  const slots = torchSlots(build({ numClasses }), inputShape, names);
  return new Map(slots.map(({ key, torchShape }) => [key, torchShape]));
}

Deno.test("every model of the table is recognized by each of its layouts, with other classes too", () => {
  for (const [name, layouts] of Object.entries(torchLayouts)) {
    for (const { name: layout } of layouts) {
      const source = shapesOf(shapesBy(name, layout, 7));
      const { name: known, numClasses, layout: by } = recognize(source);
      assertEquals([known, numClasses], [name, 7]);
      // Timm's names of a ResNet are torchvision's.
      if (!(layout === "timm" && name.startsWith("resnet"))) assertEquals(by.name, layout);
    }
  }
});

Deno.test("timm's VGG has convolutions for dense layers", () => {
  const shapes = shapesBy("vgg16", "timm", 1000);
  assertEquals(shapes.get("pre_logits.fc1.weight"), [4096, 512, 7, 7]);
  assertEquals(shapes.get("pre_logits.fc2.weight"), [4096, 4096, 1, 1]);
  assertEquals(shapes.get("head.fc.weight"), [1000, 4096]);
});

function refused(shapes: ReadonlyMap<string, Shape>, name: string | undefined, text: string): void {
  assertThrows(() => recognize(shapesOf(shapes), name), TypeError, text);
}

Deno.test("weights of another architecture are refused with what differs", () => {
  const vgg = torchKeys("vgg16");
  refused(vgg, "resnet18", "Cannot load a.safetensors (as torchvision's resnet18): its tensors");
  refused(vgg, "resnet18", "32 unexpected (features.0.weight [64, 3, 3, 3], ");
  refused(vgg, "resnet18", "missing (conv1.weight [64, 3, 7, 7], ");
  const cut = new Map([...torchKeys("resnet18")].slice(0, -1));
  refused(cut, undefined, "(as torchvision's resnet18)");
  refused(cut, undefined, "with 1 missing (fc.bias [1000])");
  const wide = new Map(torchKeys("resnet18")).set("conv1.weight", [64, 1, 7, 7]);
  refused(wide, undefined, "conv1.weight is [64, 1, 7, 7] instead of [64, 3, 7, 7]");
});

Deno.test("a file of no known network is refused with its first keys", () => {
  const shapes = new Map([["encoder.weight", [3, 3]], ["encoder.bias", [3]]]);
  refused(shapes, undefined, "got 2 tensors, encoder.weight, encoder.bias");
  refused(new Map(), undefined, "got 0 tensors, (none)");
  refused(new Map([["fc.weight", []]]), undefined, "must be those of a known network");
  refused(new Map([["fc.weight", [0, 512]]]), undefined, "must be those of a known network");
});

Deno.test("a model without PyTorch's names, or without a name, is refused", () => {
  const source = shapesOf(new Map());
  assertThrows(() => recognize(source, "lenet5"), RangeError, "got lenet5");
  assertThrows(() => recognize(source, "resnet19"), RangeError, 'did you mean "resnet18"');
});

/** A file with PyTorch's names, by its keys alone. */
async function load(path: string): Promise<Recognized & Network> {
  await using file = await openSafetensors(path);
  const recognized = recognize(file);
  const { model, inputShape, layout } = recognized;
  return { ...recognized, ...await fromTorch(model, inputShape, file, layout) };
}

type Expected = {
  readonly logits: readonly (readonly number[])[];
  readonly normalisation: { readonly mean: readonly number[]; readonly std: readonly number[] };
};

/** The first records of CIFAR-10's test batch: a label, then 1,024 bytes of each channel. */
function testImages(count: number, { mean, std }: Expected["normalisation"]): tf.Tensor4D {
  const bytes = Deno.readFileSync(sharedPath("cifar10/test_batch.bin"));
  const values = Float32Array.from({ length: count * 3072 }, (_, i) => {
    const [image, pixel, channel] = [Math.floor(i / 3072), Math.floor(i % 3072 / 3), i % 3];
    const byte = bytes[image * 3073 + 1 + channel * 1024 + pixel]!;
    return (byte / 255 - mean[channel]!) / std[channel]!;
  });
  return tf.tensor4d(values, [count, 32, 32, 3]);
}

/** The first logit rows of the ResNet-20 that the world has. */
async function assertKnownLogits(count: number): Promise<void> {
  const loaded = await load(sharedPath("resnet20-cifar10.safetensors"));
  assertEquals(found(loaded), "resnet20 akamaster 10");
  const expected: Expected = JSON.parse(
    Deno.readTextFileSync(sharedPath("resnet20-cifar10.expected.json")),
  );
  const x = testImages(count, expected.normalisation);
  const logits = loaded.model.apply(loaded.params, loaded.state, x, {})[0];
  const got = [...await logits.data()];
  const wanted = expected.logits.slice(0, count).flat();
  assertEquals(got.length, wanted.length);
  assertEquals(got.filter((value, i) => !(Math.abs(value - wanted[i]!) < 1e-3)), []);
  tf.dispose([x, logits]);
  disposeTree(loaded.params, loaded.state);
}

sharedDataTest("the published ResNet-20 outputs PyTorch's logits (cpu)", async () => {
  await start({ backend: "cpu" });
  await assertKnownLogits(4); // A quarter of a second each.
});

sharedDataTest("the published ResNet-20 outputs PyTorch's 20 logit rows (webgpu)", async () => {
  await start();
  await assertKnownLogits(20);
}, { ignore: !hasAdapter });

sharedDataTest(
  "published files are written with the keys they came with, to the bit",
  async () => {
    await start({ backend: "cpu" });
    const names = ["resnet20-cifar10", "squeezenet1_0-imagenet"];
    const known = ["resnet20 akamaster 10", "squeezenet torchvision 1000"];
    for (const [i, name] of names.entries()) {
      const path = sharedPath(`${name}.safetensors`);
      const loaded = await load(path);
      assertEquals(found(loaded), known[i]);
      const out = toTorch(loaded, loaded.inputShape, loaded.layout);
      const { tensors } = parseSafetensors(Deno.readFileSync(path), name);
      const counters = [...out.keys()].filter((key) => key.endsWith("num_batches_tracked"));
      assertEquals(out.size - counters.length, tensors.size);
      for (const [key, { dtype, bytes }] of tensors) {
        assertEquals(dtype, "F32");
        const values = await out.get(key)!.values();
        assertEquals(new Uint8Array(values.buffer), new Uint8Array(bytes), key);
      }
    }
  },
);
