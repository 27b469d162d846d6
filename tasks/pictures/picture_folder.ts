// The folder that `explain` and `generate` leave: pictures, their settings, and a page of them.
import { encodePng, enlarge, type Image } from "../../lib/image/mod.ts";
import type { Json } from "../../mod.ts";
import { writeFileAtomically } from "../../lib/files/mod.ts";
import { pageOf, type PagePicture } from "./picture_page.ts";
import { makeOutputDir } from "../command/files.ts";
import { say } from "../command/say.ts";

/** The settings that a picture was made with. */
export type PictureSettings = { readonly [name: string]: Json };

/** Numbers for the last line of `--json`. */
export type Scores = { readonly [name: string]: Json };

/** A folder of pictures. */
export type PictureFolder = {
  /**
   * Writes `NAME.png`, and `NAME.json` with all settings.
   *
   * @param name the picture's; of `fire4/expand` the slash becomes a hyphen
   * @param image the picture, with pixels from 0 to 1
   * @param caption what it shows, a sentence
   * @param settings what it was made with, besides the folder's settings
   * @returns the picture's path
   */
  save(name: string, image: Image, caption: string, settings?: PictureSettings): Promise<string>;
  /**
   * Writes a file of another kind, such as a GIF or SVG, and `NAME.json` beside it, or
   * `NAME.gif.json` if `NAME.json` is of a picture already.
   *
   * @param file the file's name with its ending
   */
  saveFile(
    file: string,
    contents: Uint8Array | string,
    caption: string,
    settings?: PictureSettings,
  ): Promise<string>;
  /**
   * Writes `index.html`, and says what was written: on stderr, and as the last line of stdout if
   * `json`.
   *
   * @param options whether to print JSON, and the scores it holds
   */
  finish(options: { readonly json: boolean; readonly scores?: Scores }): Promise<void>;
};

/** Options of {@linkcode openPictureFolder}. */
export type PictureFolderOptions = {
  /** The folder, made if it is missing. */
  readonly dir: string;
  /** The page's heading. */
  readonly title: string;
  /** The command, `explain filters`. */
  readonly task: string;
  /** The settings of all its pictures: of the network, and flags. */
  readonly settings: PictureSettings;
};

/** The factor by which a picture is enlarged to be about `wanted` pixels wide; at least 1. */
export const scaleOf = ({ width }: Image, wanted: number): number =>
  Math.max(1, Math.round(wanted / width));

/** A small picture, as digits are, about `wanted` pixels wide: its pixels become squares. */
export function enlarged(image: Image, wanted = 224): Image {
  return enlarge(image, scaleOf(image, wanted));
}

/** A file's name without what would make it a path or hidden. */
function fileName(name: string): string {
  return name.replace(/[^\w.-]+/g, "-").replace(/^[.-]+/, "") || "picture";
}

/** A file's name without its ending. */
function stemOf(name: string): string {
  return name.replace(/\.\w+$/, "");
}

/**
 * Opens a folder for pictures, before any work.
 *
 * @throws {Error} naming the folder, if it cannot be made
 */
export async function openPictureFolder(options: PictureFolderOptions): Promise<PictureFolder> {
  const { title, task, settings: common } = options;
  const dir = options.dir.replace(/(?<=.)\/+$/, "");
  await makeOutputDir(dir);
  const shown = new Map<string, PagePicture>();
  const saveFile: PictureFolder["saveFile"] = async (file, contents, caption, settings = {}) => {
    const name = fileName(file);
    const path = `${dir}/${name}`;
    await writeFileAtomically(path, contents);
    const record = { picture: name, caption, task, ...common, ...settings };
    const stem = stemOf(name);
    // A picture and an animation of the same name have a file of settings each.
    const isTaken = [...shown.keys()].some((other) => other !== name && stemOf(other) === stem);
    const beside = `${dir}/${isTaken ? name : stem}.json`;
    await writeFileAtomically(beside, `${JSON.stringify(record, null, 2)}\n`);
    // A picture may be saved more than once: the last one counts.
    shown.set(name, { file: name, caption, settings });
    return path;
  };
  return {
    saveFile,
    save: (name, image, caption, settings) =>
      saveFile(`${fileName(name)}.png`, encodePng(image), caption, settings),
    async finish({ json, scores }) {
      const page = `${dir}/index.html`;
      const head = { title, task: `deno task ${task}`, settings: common };
      await writeFileAtomically(page, pageOf(head, [...shown.values()]));
      say(`${shown.size} ${shown.size === 1 ? "picture" : "pictures"} in ${page}`);
      if (!json) return;
      const files = [...shown.keys()].map((name) => `${dir}/${name}`);
      console.log(JSON.stringify({ task, ...common, files, page, ...(scores ? { scores } : {}) }));
    },
  };
}
