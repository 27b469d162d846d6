// How far the answers of two networks are apart.
import { key, type Network, type Shape, tf } from "../../mod.ts";
import { normalTensor } from "../../lib/tensor/mod.ts";

/**
 * The largest difference of two networks' outputs for one random input, of the largest number of the
 * first's. Where one ends in a softmax that the other leaves to its user, probabilities are compared.
 */
export async function agreement(
  network: Network & { readonly inputShape: Shape },
  other: Network,
): Promise<number> {
  const difference = tf.tidy(() => {
    const x = normalTensor(key(0), [1, ...network.inputShape]);
    const answer = ({ model, params, state }: Network): tf.Tensor =>
      model.apply(params, state, x, {})[0];
    const [one, two] = [answer(network), answer(other)];
    const apart = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
      tf.div(tf.max(tf.abs(tf.sub(a, b))), tf.max(tf.abs(a)));
    return tf.minimum(apart(one, two), apart(one, tf.softmax(two)));
  });
  const [number] = await difference.data();
  difference.dispose();
  return number!;
}
