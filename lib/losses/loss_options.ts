// Options of losses.
import { tf } from "../tensor/tf.ts";
import { type OptionNames, requireOptions } from "../text/require.ts";

/**
 * Refuses an option of a loss that is not known, and outputs in the place of options: the loss was
 * given as a loss before it was called.
 *
 * @param action what cannot be done, such as `make a Huber loss`
 * @param known the known names, as keys
 * @throws {TypeError} naming the nearest known one, or saying that the function must be called
 */
export function requireLossOptions<O>(action: string, options: O, known: OptionNames<O>): void {
  if (options instanceof tf.Tensor) {
    throw new TypeError(
      `Cannot ${action}: its options must be a record, got a tensor. Losses are called first, loss: losses.focalLoss()`,
    );
  }
  requireOptions(action, options, known);
}
