// The learning rate that a run's last step was taken with.
import { type LearningRate, tf, type Tree } from "../../mod.ts";

/**
 * The learning rate of the last step taken.
 *
 * @param learningRate the run's, or its schedule
 * @param optimizer the optimizer's state, of which a factor may be part
 * @param steps how many steps were taken
 */
export async function rateAt(
  learningRate: LearningRate,
  optimizer: Tree,
  steps: number,
): Promise<number> {
  const factor = await factorIn(optimizer);
  if (typeof learningRate === "number") return learningRate * factor;
  const rate = tf.tidy(() => learningRate(tf.scalar(steps - 1)));
  const [value] = await rate.data();
  rate.dispose();
  return value! * factor;
}

/** What the learning rate is multiplied by, in the state of an adjustable optimizer; else 1. */
async function factorIn(state: Tree): Promise<number> {
  const { factor } = (state ?? {}) as { readonly factor?: Tree };
  return factor instanceof tf.Tensor ? (await factor.data())[0]! : 1;
}
