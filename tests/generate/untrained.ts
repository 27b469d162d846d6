// A network that was not trained, for what does not depend on it.
import { init, key, lenet5, type Network } from "../../mod.ts";

/** Shape of its inputs. */
export const SHAPE = [28, 28, 1];

/** LeNet-5 with its first parameters. */
export function untrained(): Network {
  const model = lenet5();
  const { params, state } = init(model, key(1), SHAPE);
  return { model, params, state } as Network;
}
