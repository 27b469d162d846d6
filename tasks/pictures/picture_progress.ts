// The display of the steps to a picture, and an animation of them.
import type { AscendReport } from "../../lib/generate/mod.ts";
import { encodeGif, type Image, resize } from "../../lib/image/mod.ts";
import { toPictures } from "../../lib/explain/mod.ts";
import { type StepProgress, stepProgress } from "../progress.ts";
import { abortOnInterrupt } from "../command/interrupt.ts";
import { enlarged, type PictureFolder, type PictureSettings } from "./picture_folder.ts";

/** The display of the steps to a picture. */
export type PictureProgress = {
  /** Shows a step; `name` is the display's label. */
  onStep(report: AscendReport, name: string): Promise<void>;
  /** Removes the display. */
  stop(): void;
  /**
   * Saves an animation of the steps, if there is one.
   *
   * @param folder the folder
   * @param name the picture's name
   * @param caption what it shows
   * @param settings what it was made with
   */
  saveAnimation(
    folder: PictureFolder,
    name: string,
    caption: string,
    settings: PictureSettings,
  ): Promise<void>;
};

/** About how many frames an animation has at most. */
const FRAMES = 60;

/** The signal of Ctrl-C, to be made once per task: the step in progress is the last. */
export function abortWithPicture(): AbortSignal {
  return abortOnInterrupt(
    "stopping after this step, with the picture as it is (Ctrl-C again: at once, without it)",
  );
}

/**
 * Displays the steps to one picture.
 *
 * @param animate whether pictures are kept for an animation
 */
export function pictureProgress(total: number, animate: boolean): PictureProgress {
  const frames: Image[] = [];
  const every = Math.max(1, Math.ceil(total / FRAMES));
  let shown:
    | { readonly name: string; readonly progress: StepProgress }
    | undefined;
  let seen = 0;
  const stop = (): void => {
    shown?.progress.stop();
    shown = undefined;
  };
  return {
    async onStep({ step, steps, score, images }, name) {
      if (shown?.name !== name) {
        stop();
        shown = { name, progress: stepProgress(name) };
      }
      shown.progress.step(step, steps, score);
      if (animate && (seen++ % every === 0 || step === steps)) {
        frames.push((await toPictures(images))[0]!);
      }
    },
    stop,
    async saveAnimation(folder, name, caption, settings) {
      if (frames.length === 0) return;
      // Octaves are of several sizes, a GIF of one.
      const { width, height } = frames.at(-1)!;
      const alike = frames.map((frame) => enlarged(resize(frame, width, height)));
      const gif = encodeGif(alike, { delay: 80, hold: 2000 });
      await folder.saveFile(`${name}-steps.gif`, gif, caption, settings);
    },
  };
}
