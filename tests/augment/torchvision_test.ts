// Each augmentation against torchvision's function, given the same drawn numbers.
import { assert, assertEquals } from "@std/assert";
import { type Augmentation, compose } from "../../lib/augment/mod.ts";
import { jit, type Tensor, tf, type Tree } from "../../mod.ts";
import { warp } from "../../lib/tensor/mod.ts";
import { type AffineChange, affineMapOf } from "../../lib/augment/random_affine.ts";
import { alongComponents } from "../../lib/augment/pca_colors.ts";
import { addingStage } from "../../lib/augment/recoloring.ts";
import { boxMap } from "../../lib/augment/random_resized_crop.ts";
import type { Box } from "../../lib/tensor/box.ts";
import { erase } from "../../lib/tensor/erase.ts";
import { recolor } from "../../lib/tensor/recolor.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { shapeOf, tensorOf, valuesOf } from "../golden/golden.ts";
import file from "../golden/augment.json" with { type: "json" };
import { brightness, contrast, saturation, type Shape4 } from "./batches.ts";

type Case = {
  readonly name: string;
  readonly drawn: Readonly<Record<string, unknown>>;
  readonly image: string;
  readonly result: string;
};

/** The cases of a name; a name without any would test nothing. */
function casesOf(name: string): readonly Case[] {
  const found = (file as unknown as readonly Case[]).filter((one) => one.name === name);
  assert(found.length > 0, `no case of ${name}`);
  return found;
}

function imagesOf({ image }: Case): Tensor {
  return tf.expandDims(tensorOf(image), 0);
}

function shape4({ image }: Case): Shape4 {
  return [1, ...shapeOf(image)] as Shape4;
}

/** An image of some tens of pixels through a map whose six numbers are float32. */
const THROUGH_A_MAP = 5e-6;

onEachBackend("affine maps are torchvision's affine and rotate", async () => {
  for (const one of [...casesOf("affine"), ...casesOf("rotate")]) {
    // Its affine turns clockwise, its rotate the other way.
    const change = one.name === "affine"
      ? one.drawn as AffineChange
      : { angle: -(one.drawn.angle as number), shift: [0, 0], scale: 1, shear: [0, 0] } as const;
    const map = tf.tensor2d([[...affineMapOf(change, shape4(one))]]);
    const what = JSON.stringify(one.drawn);
    const result = warp(imagesOf(one), map, { edge: 0 });
    await assertClose(result, tf.expandDims(tensorOf(one.result), 0), what, THROUGH_A_MAP);
  }
});

onEachBackend(
  "resized crops are torchvision's except at pixels that see beyond the crop",
  async () => {
    for (const one of casesOf("resized crop")) {
      const box = one.drawn as Box;
      const [, height, width, channels] = shape4(one);
      const map = tf.tensor2d([[...boxMap(box, height, width)]]);
      const result = await warp(imagesOf(one), map).data();
      const isWithin = (place: number, crop: number, size: number): boolean => {
        const at = (place + 0.5) * crop / size - 0.5;
        return at >= 0 && at <= crop - 1;
      };
      let inner = 0;
      // Others are compared with themselves, so that the whole picture is the scale of differences.
      const expected = valuesOf(one.result).map((value, i) => {
        const pixel = Math.floor(i / channels);
        const isInner = isWithin(pixel % width, box.width, width) &&
          isWithin(Math.floor(pixel / width), box.height, height);
        if (isInner) inner++;
        return isInner ? value : result[i]!;
      });
      assert(inner >= channels);
      await assertClose(result, expected, JSON.stringify(one.drawn), THROUGH_A_MAP);
    }
  },
);

onEachBackend("crops are torchvision's pad and crop, to the bit", async () => {
  for (const one of casesOf("crop")) {
    const { mode, padding, top, left } = one.drawn as {
      mode: string;
      padding: number;
      top: number;
      left: number;
    };
    const map = tf.tensor1d([1, 0, left - padding, 0, 1, top - padding]);
    const result = warp(imagesOf(one), map, { edge: mode === "reflect" ? "reflect" : 0 });
    const expected = Float32Array.from(valuesOf(one.result));
    assertEquals(await result.data(), expected, JSON.stringify(one.drawn));
  }
});

const CHANGES = { brightness, contrast, saturation } as const;

onEachBackend("brightness, contrast and saturation are torchvision's, in any order", async () => {
  for (const one of casesOf("color")) {
    const changes = one.drawn.changes as readonly [keyof typeof CHANGES, number][];
    const parts = changes.map(([name, factor]): Augmentation => CHANGES[name]([factor, factor]));
    const augmentation = compose(...parts);
    const drawn = augmentation.draw([0, 0], shape4(one));
    const apply = jit((images: Tensor, drawn: Tree) =>
      augmentation.apply({ images: images as tf.Tensor4D, labels: tf.ones([1, 1]) }, drawn).images
    );
    const result = apply(imagesOf(one), drawn);
    const expected = tf.expandDims(tensorOf(one.result), 0);
    await assertClose(result, expected, JSON.stringify(changes));
    apply.dispose();
  }
});

onEachBackend(
  "exactly the pixels that torchvision erases are erased, to the bit",
  async () => {
    for (const one of casesOf("erase")) {
      const { left, top, width, height, fill } = one.drawn as Box & { fill: number };
      const row = tf.tensor2d([[left, top, width, height, 0, 0, 0, 0]]);
      const result = await erase(imagesOf(one), row, fill).data();
      assertEquals(result, Float32Array.from(valuesOf(one.result)));
    }
  },
);

onEachBackend("colors along principal components are AlexNet's", async () => {
  for (const one of casesOf("pca")) {
    const stage = addingStage(alongComponents(one.drawn.alpha as number[]));
    const result = recolor(imagesOf(one), tf.tensor3d([[[...stage]]]), false);
    await assertClose(result, tf.expandDims(tensorOf(one.result), 0));
  }
});
