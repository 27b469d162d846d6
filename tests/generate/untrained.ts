// An untrained network.
import { init, key, lenet5, type Network } from "../../mod.ts";

/** Shape of its inputs. */
export const SHAPE = [28, 28, 1];

/** LeNet-5 with initial parameters. */
export function untrained(): Network {
  const model = lenet5();
  const { params, state } = init(model, key(1), SHAPE);
  return { model, params, state } as Network;
}
