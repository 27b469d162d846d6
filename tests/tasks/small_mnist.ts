// The first images of MNIST, for tasks that have to be quick.
import { mnist } from "../../mod.ts";
import { idxBytes } from "../data/idx_files.ts";

/** A directory with MNIST's layout and few images: the first ones of MNIST itself. */
export async function smallMnist(trainCount: number, testCount: number): Promise<string> {
  const { train, test } = await mnist();
  const dir = await Deno.makeTempDir();
  for (
    const [prefix, examples, count] of [["train", train, trainCount], [
      "t10k",
      test,
      testCount,
    ]] as const
  ) {
    const images = examples.images.subarray(0, count * 784);
    await Deno.writeFile(`${dir}/${prefix}-images-idx3-ubyte`, idxBytes([count, 28, 28], images));
    await Deno.writeFile(
      `${dir}/${prefix}-labels-idx1-ubyte`,
      idxBytes([count], Uint8Array.from(examples.labels.subarray(0, count))),
    );
  }
  return dir;
}
