// Long work on pictures in a task: the display, Ctrl-C, and the pictures on the way for an animation.
import { ascend, type AscendOptions, type AscendReport } from "../../lib/generate/mod.ts";
import type { Image } from "../../lib/image/mod.ts";
import { type Objective, toPictures } from "../../lib/explain/mod.ts";
import type { Network } from "../../mod.ts";
import { ascentProgress } from "../progress.ts";
import { abortOnInterrupt } from "../command/interrupt.ts";

/** The signal of Ctrl-C, to be made once in a task: the step under way is the last. */
export function abortWithPicture(): AbortSignal {
  return abortOnInterrupt(
    "stopping after this step, with the picture as it is (Ctrl-C again: at once, without it)",
  );
}

/** What {@linkcode climb} answers. */
export type Climbed = {
  /** The pictures reached. */
  readonly images: readonly Image[];
  /** The first picture at some steps on the way and at the end; none without `animate`. */
  readonly frames: readonly Image[];
  /** The objective before each step and at the end. */
  readonly scores: readonly number[];
  /** How many steps were taken: fewer than wanted after Ctrl-C. */
  readonly steps: number;
  readonly interrupted: boolean;
};

/** How a task climbs. */
export type ClimbOptions = {
  /** What the display calls it. */
  readonly name: string;
  /** Ends the climb, see {@linkcode abortWithPicture}. */
  readonly signal: AbortSignal;
  /** Whether frames are kept: about sixty, from the first step to the last. Default: `false`. */
  readonly animate?: boolean;
};

/** Frames of an animation. */
const FRAMES = 60;

/**
 * Climbs with a display; Ctrl-C ends it with what was reached.
 *
 * @param network the network, on the device
 * @param objective what is climbed
 * @param options of `ascend`
 * @param how the display's name, Ctrl-C's signal, and whether frames are kept
 */
export async function climb(
  network: Network,
  objective: Objective,
  options: AscendOptions,
  { name, signal, animate = false }: ClimbOptions,
): Promise<Climbed> {
  const frames: Image[] = [];
  let progress: ReturnType<typeof ascentProgress> | undefined;
  const onStep = async (report: AscendReport): Promise<void> => {
    const { step, steps, score, images } = report;
    progress ??= ascentProgress(name, steps);
    progress.step(step, score);
    const every = Math.max(1, Math.ceil(steps / FRAMES));
    if (animate && (step % every === 0 || step === steps || signal.aborted)) {
      frames.push((await toPictures(images))[0]!);
    }
    await options.onStep?.(report);
  };
  try {
    const { images, scores, steps } = await ascend(network, objective, {
      ...options,
      signal,
      onStep,
    });
    const pictures = await toPictures(images);
    images.dispose();
    return { images: pictures, frames, scores, steps, interrupted: signal.aborted };
  } finally {
    progress?.stop();
  }
}
