// The images that most experiments learn.
import { type DataSplit, fashionMnist, mnist } from "../../mod.ts";

/**
 * Fashion-MNIST, on which small networks still differ.
 *
 * @param quick MNIST instead, which has the same shape and is read in a sixth of the time
 */
export async function clothesOf(quick: boolean): Promise<DataSplit> {
  return await (quick ? mnist() : fashionMnist());
}
