// Products large enough for tiles of their own, against the same in parts that are small: these have
// another text, which the other tests and the selftest compare with plain TypeScript.
import { convolve, type ConvolveOptions } from "../../lib/tensor/convolve.ts";
import { type Tensor, type Tensor2D, type Tensor4D, tf } from "../../mod.ts";
import { assertClose } from "../closeness.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";

function random(...shape: number[]): Tensor {
  return tf.randomUniform(shape, -1, 1);
}

async function assertSame(whole: Tensor, parts: Tensor, about: string): Promise<void> {
  assertClose(await whole.data() as Float32Array, await parts.data() as Float32Array, about);
}

/** What becomes of each of the first axis's numbers by itself. */
function inParts(x: Tensor, f: (part: Tensor) => Tensor): Tensor {
  const parts = tf.split(x, x.shape[0]!, 0) as Tensor[];
  return tf.concat(parts.map(f), 0);
}

gpuTest("large matrix products are those of their rows, in all transpositions", async () => {
  await onEachForm(async (form) => {
    // Sizes in fours, and not.
    for (const [rows, inner, columns] of [[67, 71, 61], [68, 72, 64]] as const) {
      for (const turn of [false, true]) {
        const a = random(rows, inner) as Tensor2D;
        const b = (turn ? random(columns, inner) : random(inner, columns)) as Tensor2D;
        const parts = inParts(a, (row) => tf.matMul(row as Tensor2D, b, false, turn));
        const about = `${form}, ${rows}×${inner}×${columns}`;
        await assertSame(tf.matMul(a, b, false, turn), parts, about);
        await assertSame(tf.matMul(tf.transpose(a), b, true, turn), parts, `${about}, turned`);
        tf.dispose([a, b, parts]);
      }
    }
  });
});

gpuTest("large convolutions and their gradients are those of their images", async () => {
  await onEachForm(async (form) => {
    // Channels and features in fours, and not; a stride; and sums that end within four steps.
    const cases = [[8, 16, 3, 1], [7, 9, 3, 2], [1, 6, 5, 1], [12, 8, 1, 1]] as const;
    for (const [channels, features, size, stride] of cases) {
      const options: ConvolveOptions = {
        stride: [stride, stride],
        padding: size >> 1,
        dilation: [1, 1],
        groups: 1,
      };
      const x = random(6, 23, 21, channels) as Tensor4D;
      const filter = random(size, size, channels, features) as Tensor4D;
      const run = (x: Tensor, filter: Tensor): Tensor =>
        convolve(x as Tensor4D, filter as Tensor4D, options);
      const y = run(x, filter);
      const dy = random(...y.shape);
      const about = `${form}, ${channels} to ${features}`;
      await assertSame(y, inParts(x, (image) => run(image, filter)), about);
      const gradients = tf.grads(run);
      const [dx, dFilter] = gradients([x, filter], dy) as [Tensor, Tensor];
      const [images, slopes] = [x, dy].map((each) => tf.split(each, 6, 0) as Tensor[]);
      const each = images!.map((image, i) =>
        gradients([image, filter], slopes![i]!) as [Tensor, Tensor]
      );
      await assertSame(dx, tf.concat(each.map(([dx]) => dx), 0), `${about}, by the input`);
      await assertSame(dFilter, tf.addN(each.map(([, one]) => one)), `${about}, by the filter`);
    }
  });
});
