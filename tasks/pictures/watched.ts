// The display of a picture's making, step by step, and the pictures on the way for an animation.
import type { AscendReport } from "../../lib/generate/mod.ts";
import { encodeGif, type Image, resize } from "../../lib/image/mod.ts";
import { toPictures } from "../../lib/explain/mod.ts";
import { ascentProgress } from "../progress.ts";
import { enlarged } from "./enlarged.ts";
import type { PictureFolder, PictureSettings } from "./picture_folder.ts";

/** What is seen of a picture's making. */
export type Watched = {
  /** To be called with each step's report; the name is what the display calls it. */
  onStep(report: AscendReport, name: string): Promise<void>;
  /** Takes the display away. */
  stop(): void;
  /**
   * Saves an animation of the way there, where there is one.
   *
   * @param folder where
   * @param name the picture's
   * @param caption what it shows
   * @param settings what it was made by
   */
  saveAnimation(
    folder: PictureFolder,
    name: string,
    caption: string,
    settings: PictureSettings,
  ): Promise<void>;
};

/** Frames of an animation, at most about so many. */
const FRAMES = 60;

/**
 * Watches the making of one picture.
 *
 * @param total how many steps it takes in all
 * @param animate whether pictures on the way are kept
 */
export function watch(total: number, animate: boolean): Watched {
  const frames: Image[] = [];
  const every = Math.max(1, Math.ceil(total / FRAMES));
  let shown:
    | { readonly name: string; readonly progress: ReturnType<typeof ascentProgress> }
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
        shown = { name, progress: ascentProgress(name, steps) };
      }
      shown.progress.step(step, score);
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
