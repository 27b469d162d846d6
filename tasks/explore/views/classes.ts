// The classes of a network, and how probable they are for a picture.
import type { Tensor } from "../../../mod.ts";
import type { Params } from "../params.ts";
import type { Subject } from "../subject.ts";

/** What a network says of a picture. */
export type Seen = {
  /** The most probable class. */
  readonly best: number;
  readonly probabilities: Float32Array;
};

/** The number of classes; 0 if the network does not tell classes apart. */
export function classCount({ opened: { model, inputShape } }: Pick<Subject, "opened">): number {
  const { shape } = model.declare(inputShape);
  return shape.length === 1 ? shape[0]! : 0;
}

/** Reads probabilities `[1, classes]`, which are disposed of. */
export async function readClasses(tensor: Tensor): Promise<Seen> {
  const probabilities = await tensor.data() as Float32Array;
  tensor.dispose();
  let best = 0;
  probabilities.forEach((value, i) => best = value > probabilities[best]! ? i : best);
  return { best, probabilities };
}

/** The class that a request names, by its number. */
export function classIn(params: Params, name: string, subject: Subject): number | undefined {
  const count = classCount(subject);
  if (count > 0) return params.whole(name, 0, count - 1);
  throw new Error("Cannot explain a class: the network must output the scores of classes");
}
