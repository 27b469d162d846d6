// The images that most experiments learn.
import { type DataSplit, fashionMnist, mnist, takeExamples } from "../../mod.ts";
import { halved } from "./small_images.ts";

/**
 * Fashion-MNIST, on which small networks still differ.
 *
 * @param quick MNIST instead, which has the same shape and is read in a sixth of the time
 */
export async function clothesOf(quick: boolean): Promise<DataSplit> {
  return await (quick ? mnist() : fashionMnist());
}

/**
 * The first of those at half their size, 14 × 14.
 *
 * @param quick as of `clothesOf`
 * @param counts how many to train on and to test with
 */
export async function smallClothesOf(
  quick: boolean,
  counts: { readonly train: number; readonly test: number },
): Promise<DataSplit> {
  const { train, test } = await clothesOf(quick);
  return {
    train: halved(takeExamples(train, counts.train)),
    test: halved(takeExamples(test, counts.test)),
  };
}
