// The folder that `explain` and `generate` leave: pictures, each beside its settings, and a page that shows them.
import { encodePng, type Image } from "../../lib/image/mod.ts";
import type { Json } from "../../mod.ts";
import { writeFileAtomically } from "../../lib/files/mod.ts";
import { pageOf, type Shown } from "./picture_page.ts";
import { makeOutputDir } from "../command/files.ts";
import { say } from "../command/say.ts";

/** What a picture was made by: plain values, which JSON can hold. */
export type PictureSettings = { readonly [name: string]: Json };

/** What the last line of `--json` holds. */
export type Scores = { readonly [name: string]: Json };

/** A folder of pictures. */
export type PictureFolder = {
  /**
   * Writes `NAME.png`, and `NAME.json` with all settings.
   *
   * @param name the picture's; of `fire4/expand` the slash becomes a hyphen
   * @param image the picture; what is out of 0 to 1 must be clipped before
   * @param caption what it shows, a sentence
   * @param settings what it was made by, beside the folder's own
   * @returns the picture's path
   */
  save(name: string, image: Image, caption: string, settings?: PictureSettings): Promise<string>;
  /**
   * Writes a file of another kind, such as a GIF or SVG, and `NAME.json` beside it; where that is
   * another file's, as of a picture and its animation, `NAME.gif.json`.
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
   * Writes `index.html` of what was saved, and says what was written: on stderr, and as the
   * last line of stdout where `json`.
   *
   * @param options whether to print JSON, and the scores it holds
   */
  finish(options: { readonly json: boolean; readonly scores?: Scores }): Promise<void>;
};

/** What a folder is opened by. */
export type PictureFolderOptions = {
  /** The folder, made where it is missing. */
  readonly dir: string;
  /** The page's heading. */
  readonly title: string;
  /** The command, `explain filters`. */
  readonly task: string;
  /** What holds for all its pictures: the network's settings, the flags. */
  readonly settings: PictureSettings;
};

/** A file's name without what would make it a path, or hide it. */
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
 * @param options the folder, its title, and what holds for all its pictures
 * @throws {Error} naming the directory, where it cannot be written
 */
export async function openPictureFolder(options: PictureFolderOptions): Promise<PictureFolder> {
  const { title, task, settings: common } = options;
  const dir = options.dir.replace(/(?<=.)\/+$/, "");
  await makeOutputDir(dir);
  const shown = new Map<string, Shown>();
  const saveFile: PictureFolder["saveFile"] = async (file, contents, caption, settings = {}) => {
    const name = fileName(file);
    const path = `${dir}/${name}`;
    await writeFileAtomically(path, contents);
    const record = { picture: name, caption, task, ...common, ...settings };
    const stem = stemOf(name);
    // A picture and an animation of one name have settings each.
    const isTaken = [...shown.keys()].some((other) => other !== name && stemOf(other) === stem);
    const beside = `${dir}/${isTaken ? name : stem}.json`;
    await writeFileAtomically(beside, `${JSON.stringify(record, null, 2)}\n`);
    // The last of a name is what the folder holds: a picture may be saved on the way, and at the end.
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
