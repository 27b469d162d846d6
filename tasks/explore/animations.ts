// The steps of pictures in the making: shown live, and kept for an animation.
import { toPictures } from "../../lib/explain/mod.ts";
import type { AscendReport } from "../../lib/generate/mod.ts";
import { encodeGif, type Image, resize } from "../../lib/image/mod.ts";
import { enlarged } from "../pictures/picture_folder.ts";
import type { Job } from "../web/jobs.ts";
import { sentPicture } from "./views/pixels.ts";

/** The animations that are kept. */
export type Animations = {
  /** Begins one; the oldest goes. */
  begin(job: Job, total: number, what: string): Animation;
  /**
   * An animation as a GIF.
   *
   * @throws {Error} if it is not kept any more
   */
  gif(name: string): Uint8Array;
};

/** An animation in the making. */
export type Animation = {
  readonly name: string;
  /** Shows a step, and keeps some of them. `done` counts all steps. */
  step(report: Pick<AscendReport, "images" | "score">, done: number, more?: object): Promise<void>;
  /** Keeps the result as the last frame. */
  end(image: Image): void;
};

/** How many animations are kept, of how many frames at most, and how wide. */
const MOST = 6;
const FRAMES = 48;
const WIDEST = 320;
/** The time between two pictures of steps, in milliseconds. */
const PAUSE = 80;

function small(image: Image): Image {
  const { width, height } = image;
  const share = Math.min(1, WIDEST / Math.max(width, height));
  return share === 1 ? image : resize(image, Math.round(width * share), Math.round(height * share));
}

/** Makes an empty store. */
export function animations(): Animations {
  const kept = new Map<string, Image[]>();
  let count = 0;
  return {
    begin(job, total, what) {
      const name = `${++count}`;
      const frames: Image[] = [];
      kept.set(name, frames);
      const [oldest] = kept.keys();
      if (kept.size > MOST) kept.delete(oldest!);
      const every = Math.max(1, Math.ceil(total / FRAMES));
      let last = -Infinity;
      return {
        name,
        async step({ images, score }, done, more = {}) {
          job.progress(done, total, what);
          const isFrame = done % every === 0;
          const isDue = performance.now() - last >= PAUSE;
          if (!isFrame && !isDue) return;
          const [image] = await toPictures(images);
          if (isFrame) frames.push(small(image!));
          if (!isDue) return;
          last = performance.now();
          job.show({
            said: { step: done, score, ...more },
            arrays: { picture: sentPicture(image!) },
          });
        },
        end: (image) => void frames.push(small(image)),
      };
    },
    gif(name) {
      const frames = kept.get(name);
      if (!frames || frames.length === 0) {
        throw new Error(
          "Cannot save the animation: its steps are not kept any more, make it again",
        );
      }
      // Octaves are of several sizes, a GIF of one.
      const { width, height } = frames.at(-1)!;
      const alike = frames.map((frame) => enlarged(resize(frame, width, height)));
      return encodeGif(alike, { delay: 80, hold: 2000 });
    },
  };
}
