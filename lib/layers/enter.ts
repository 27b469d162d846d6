// The one way from a layer into another.
import { fold } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Tree } from "../tensor/tree.ts";
import { isSameShape, located, requireFit } from "./define_layer.ts";
import type { AnyLayer, Context } from "./layer.ts";
import { withArticle } from "../text/article.ts";

/**
 * Calls a child by name: the only way from a layer into another. It derives the child's path and
 * key, lets the context's `intercept` wrap the call, and checks input, parameters and output
 * against what the child declares.
 *
 * @param name the child's name
 * @param layer the child
 * @param params the parent's parameters
 * @param state the parent's state
 * @param x the child's input
 * @param context the parent's context
 * @returns the child's output and next state
 * @throws what the child throws, its name put before the message
 */
export function enter(
  name: string,
  layer: AnyLayer,
  params: { readonly [name: string]: Tree },
  state: { readonly [name: string]: Tree },
  x: Tensor,
  context: Context,
): [y: Tensor, state: Tree] {
  const path = context.path ? `${context.path}/${name}` : name;
  const inner: Context = {
    ...context,
    path,
    ...(context.key ? { key: fold(context.key, name) } : {}),
  };
  const [ownParams, ownState] = [params[name] ?? {}, state[name] ?? {}];
  let nextState: Tree = ownState;
  const call = (input: Tensor): Tensor => {
    try {
      const { shape } = requireFit(layer, ownParams, ownState, input);
      const [y, next] = requirePair(layer, layer.apply(ownParams, ownState, input, inner));
      if (!isSameShape(y.shape.slice(1), shape)) {
        throw new TypeError(
          `Cannot apply ${
            withArticle(layer.op)
          } layer to [${input.shape}]: each output must be of shape [${shape}], as it declares, got a batch of [${y.shape}]`,
        );
      }
      nextState = next;
      return y;
    } catch (error) {
      throw located(error, name);
    }
  };
  const { op, rectifies } = layer;
  const site = { path, op, ...(rectifies ? { rectifies } : {}) };
  const y = context.intercept ? context.intercept(site, x, call) : call(x);
  return [y, nextState];
}

/** Refuses what a layer of a user's returns if it is not output and state. */
function requirePair({ op }: AnyLayer, answer: unknown): [y: Tensor, state: Tree] {
  const [y, state] = Array.isArray(answer) ? answer : [];
  if (y instanceof tf.Tensor && typeof state === "object") return [y, state];
  const found = answer instanceof tf.Tensor
    ? "its output alone"
    : y instanceof tf.Tensor
    ? `the output and ${state} for the state`
    : `${answer}`;
  throw new TypeError(
    `Cannot apply ${
      withArticle(op)
    } layer: it must return its output and its next state, [y, state], got ${found}. A layer without state returns the one it is given`,
  );
}
