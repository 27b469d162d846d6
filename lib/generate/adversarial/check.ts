// Checks of the arguments of attacks, before the device has any work.
import { classLogit } from "../../explain/objective.ts";
import type { Network } from "../../layers/layer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Tree } from "../../tensor/tree.ts";
import { requireRange } from "../../text/require.ts";
import type { TargetedOptions } from "./attack.ts";

/** Labels and targets that fit images and network. */
type Checked = {
  readonly classes: number;
  readonly labels: number[];
  readonly targets: number[] | undefined;
};

function requireClasses(what: string, found: readonly number[], classes: number): void {
  const wrong = found.findIndex((label) =>
    !Number.isInteger(label) || label < 0 || label >= classes
  );
  const rule = `a ${what} must be a class, a whole number from 0 to ${classes - 1}`;
  requireRange("attack", rule, wrong < 0, `${found[wrong]} of image ${wrong}`);
}

function requireCount(what: string, found: readonly number[], count: number): void {
  if (found.length === count) return;
  throw new TypeError(
    `Cannot attack: there must be a ${what} for each of ${count} images, got ${found.length}`,
  );
}

/**
 * Checks images, labels and targets.
 *
 * @throws {TypeError} if images, labels or targets do not fit each other or the network
 * @throws {RangeError} if there is no such class, a target is its image's label, or the network does
 * not output logits
 */
export function requireAttackable<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  images: Tensor,
  given: ArrayLike<number>,
  options: TargetedOptions,
): Checked {
  if (images.rank !== 4 || images.dtype !== "float32" || images.shape[0] === 0) {
    throw new TypeError(
      `Cannot attack: images must be float32 [N, H, W, C], at least one, got ${images.dtype} [${images.shape}]`,
    );
  }
  const { session } = options;
  const isOwn = !session || (session.network as unknown) === network;
  requireRange("attack", "the session must be of the same network", isOwn, "one of another");
  const [count, ...shape] = images.shape as [number, ...number[]];
  classLogit(0).check(network.model, shape);
  const classes = network.model.declare(shape).shape[0]!;
  const labels = Array.from(given);
  requireCount("label", labels, count);
  requireClasses("label", labels, classes);
  return { classes, labels, targets: targetsOf(options.targets, labels, classes) };
}

function targetsOf(
  given: TargetedOptions["targets"],
  labels: readonly number[],
  classes: number,
): number[] | undefined {
  if (given === undefined) return undefined;
  const targets = typeof given === "number" ? labels.map(() => given) : Array.from(given);
  requireCount("target", targets, labels.length);
  requireClasses("target", targets, classes);
  const same = targets.findIndex((target, i) => target === labels[i]);
  const rule = "a target must be another class than the label";
  requireRange("attack", rule, same < 0, `${targets[same]} of image ${same}`);
  return targets;
}

/**
 * Reads the pixels of images.
 *
 * @throws {RangeError} if one is not from 0 to 1
 */
export async function requirePixels(images: Tensor): Promise<Float32Array> {
  const pixels = await images.data() as Float32Array;
  // Negated, so that NaN is refused too.
  const wrong = pixels.findIndex((pixel) => !(pixel >= 0 && pixel <= 1));
  const image = Math.floor(wrong / (pixels.length / images.shape[0]!));
  requireRange(
    "attack",
    "pixels must be from 0 to 1",
    wrong < 0,
    `${pixels[wrong]} of image ${image}`,
  );
  return pixels;
}

/** @throws {RangeError} if a value is not finite and at least 0 */
export function requireNonNegative(name: string, value: number): void {
  const holds = Number.isFinite(value) && value >= 0;
  requireRange("attack", `${name} must be finite and at least 0`, holds, value);
}
