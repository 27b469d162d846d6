// One round of Carlini and Wagner's attack: steps of Adam with one weight c per image.
import { adam } from "../../optimizers/adam.ts";
import { stepWith } from "../../optimizers/optimizer.ts";
import { valueAndGrad } from "../../tensor/grad.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import type { AttackRun } from "./run_attack.ts";
import { type AttackSession, logitsOf } from "./session.ts";

/** What a step updates. */
export type Round = {
  /** The change of w, `[N, H, W, C]`. */
  readonly change: Tensor;
  /** Adam's state. */
  readonly optimizer: Tree;
  /** The nearest images that fool, and their squared distances `[N, 1, 1, 1]`: {@linkcode UNFOUND} before there is one. */
  readonly best: { readonly images: Tensor; readonly lengths: Tensor };
  /** 1 for each image that fooled in this round, `[N, 1, 1, 1]`. */
  readonly found: Tensor;
};

/** The distance of what is not found; finite, as not all devices have infinities. */
export const UNFOUND = 1e30;

/** Keeps w finite for pixels of 0 and 1. */
const INSIDE = 0.999999;

/** The state before a round. */
export function beginRound({ origin, count }: AttackRun, best: Round["best"]): Round {
  const change = tf.zerosLike(origin);
  return {
    change,
    optimizer: adam().init({ change }),
    best,
    found: tf.zeros([count, 1, 1, 1]),
  };
}

/** The w of the original images. */
export function initialW({ pixels, origin }: AttackRun): Tensor {
  return tf.tensor(pixels.map((pixel) => Math.atanh((2 * pixel - 1) * INSIDE)), origin.shape);
}

type Step = (
  round: Round,
  start: Tensor,
  origin: Tensor,
  goals: Tensor,
  c: Tensor,
  away: number,
  confidence: number,
) => { readonly round: Round; readonly loss: Scalar };

/** The step of a round, which uses up the round and returns the next, and the loss before it. */
export function roundStep({ session }: AttackRun, rate: number): Step {
  return session.pass(`a round at ${rate}`, () => {
    const optimizer = adam({ learningRate: rate });
    const lossOf = valueAndGrad(lossFor(session));
    return (
      round: Round,
      start: Tensor,
      origin: Tensor,
      goals: Tensor,
      c: Tensor,
      away: Scalar,
      confidence: Scalar,
    ) => {
      const { change, best, found } = round;
      const { value, grads, aux } = lossOf({ change }, start, origin, goals, c, away, confidence);
      const [next, state] = stepWith(optimizer, grads, round.optimizer, { change });
      const fooled = tf.less(aux.missing, 0);
      const isBetter = tf.logicalAnd(fooled, tf.less(aux.squares, best.lengths));
      return {
        loss: value,
        round: {
          change: next.change,
          optimizer: state,
          best: {
            images: tf.where(tf.broadcastTo(isBetter, change.shape), aux.x, best.images),
            lengths: tf.where(isBetter, aux.squares, best.lengths),
          },
          found: tf.maximum(found, tf.cast(fooled, "float32")),
        },
      };
    };
  }, [0]) as Step;
}

/** More than the difference of any logits. */
const FAR = 1e6;

/** ‖x − x₀‖² + c · max(0, the margin that is missing), summed over the batch. */
function lossFor(session: AttackSession) {
  return (
    { change }: { readonly change: Tensor },
    start: Tensor,
    origin: Tensor,
    goals: Tensor,
    c: Tensor,
    away: Scalar,
    confidence: Scalar,
  ): [Scalar, { readonly x: Tensor; readonly missing: Tensor; readonly squares: Tensor }] => {
    const one = [change.shape[0]!, 1, 1, 1];
    const x = tf.mul(tf.add(tf.tanh(tf.add(start, change)), 1), 0.5);
    const logits = logitsOf(session, x);
    const own = tf.sum(tf.mul(logits, goals), 1);
    const others = tf.max(tf.sub(logits, tf.mul(goals, FAR)), 1);
    const missing = tf.reshape(tf.add(tf.mul(tf.sub(own, others), away), confidence), one);
    const squares = tf.sum(tf.square(tf.sub(x, origin)), [1, 2, 3], true);
    const loss = tf.sum(tf.add(squares, tf.mul(c, tf.relu(missing))));
    return [loss as Scalar, { x, missing, squares }];
  };
}
