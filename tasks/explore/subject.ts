// What is explored: a network on the device, a data set, and the pictures that pages have brought.
import { decodeImage, type Image } from "../../lib/image/mod.ts";
import type { DataSetName } from "../../lib/data/mod.ts";
import { attempting } from "../../lib/files/file_error.ts";
import { sha256Of } from "../../lib/files/sha256.ts";
import { type AttackSession, attackSession } from "../../lib/generate/mod.ts";
import type { Device, Examples, Network } from "../../mod.ts";
import type { Values } from "../command.ts";
import { say } from "../command/say.ts";
import { loadTest, trainedOn } from "../datasets.ts";
import { type OpenedNetwork, openNetwork } from "../pictures/opened_network.ts";
import { type Picture, pictureOfExample, pictureOfImage } from "../pictures/read_picture.ts";
import type { networkFlags } from "../network.ts";
import type { imageFlags } from "../pictures/flags.ts";
import { type Animations, animations } from "./animations.ts";
import { type Memory, memory } from "./memory.ts";

/** Which network, picture and data set. */
export type SubjectFlags = Values<typeof networkFlags> & Values<typeof imageFlags>;

/** A data set in memory. */
export type OpenedData = { readonly name: DataSetName; readonly examples: Examples };

/** What the file of a picture that a page has brought is called. */
export const SAVED = "picture.png";

/** What is explored. */
export type Subject = {
  readonly flags: SubjectFlags;
  readonly opened: OpenedNetwork;
  readonly network: Network & { readonly device: Device };
  readonly data?: OpenedData;
  /** What attacks record, once for all. */
  readonly session: AttackSession;
  /** What views found, and find again without computing. */
  readonly found: Memory;
  /** The steps of the last dreams, for animations. */
  readonly animations: Animations;
  /** The picture at first: `"file"`, `"test:0"`, or none. */
  readonly first?: string;
  /**
   * The picture of a name: `"file"`, `"test:3"`, or one that {@linkcode Subject.take} returned.
   *
   * @throws {Error} if there is none of that name
   */
  picture(name: string | undefined): Picture;
  /** The picture of a name in its own size, of a file as it was brought. */
  photo(name: string | undefined): Promise<Image>;
  /**
   * Takes a picture file that a page has brought.
   *
   * @returns its name
   * @throws {SyntaxError} if it cannot be decoded
   */
  take(bytes: Uint8Array): Promise<string>;
};

/** A picture that came as a file. */
type Brought = { readonly picture: Picture; readonly bytes: Uint8Array; readonly file: string };

/** The most pictures that are kept, and the bytes of their files: those not used for longest go. */
const MOST_PICTURES = 100;
const MOST_BYTES = 256 * 2 ** 20;

/** Drops what was not used for longest until there is room. */
function makeRoom(brought: Map<string, Brought>): void {
  const total = (): number => brought.values().reduce((sum, { bytes }) => sum + bytes.length, 0);
  while (brought.size > MOST_PICTURES || (brought.size > 1 && total() > MOST_BYTES)) {
    const [oldest] = brought.keys();
    brought.delete(oldest!);
  }
}

/**
 * Opens what the flags name, and starts the device.
 *
 * @throws {Error} if something cannot be opened, before the device is started
 */
export async function openSubject(flags: SubjectFlags): Promise<Subject> {
  const opened = await openNetwork(flags);
  const data = await openData(opened, flags);
  const broughtOf = async (bytes: Uint8Array, file: string, name = file): Promise<Brought> => ({
    picture: pictureOfImage(opened, await decodeImage(bytes, name), file, flags.invert),
    bytes,
    file,
  });
  const isFile = flags.image !== undefined && !/^\d+$/.test(flags.image);
  const file = isFile
    ? await broughtOf(
      await attempting(`Cannot read ${flags.image}`, Deno.readFile(flags.image!)),
      flags.image!,
    )
    : undefined;
  const brought = new Map<string, Brought>();
  const find = (name: string | undefined): Brought | Picture => {
    if (name === undefined) throw new Error("Cannot show this: choose a picture first");
    if (name === "file" && file) return file;
    const number = /^test:(\d{1,7})$/.exec(name)?.[1];
    if (number !== undefined && data) {
      return pictureOfExample(opened, data.examples, data.name, Number(number));
    }
    const found = brought.get(name);
    if (!found) throw new Error(`Cannot find the picture "${name}": bring it again`);
    brought.delete(name);
    brought.set(name, found);
    return found;
  };
  const picture = (name: string | undefined): Picture => {
    const found = find(name);
    return "picture" in found ? found.picture : found;
  };
  const number = flags.image ?? "0";
  const first = isFile ? "file" : data ? `test:${number}` : undefined;
  if (first !== undefined) picture(first);
  const network = await opened.start();
  return {
    flags,
    opened,
    network,
    ...(data ? { data } : {}),
    ...(first === undefined ? {} : { first }),
    session: attackSession(network, { preprocessing: opened.units }),
    found: memory(),
    animations: animations(),
    picture,
    async photo(name) {
      const found = find(name);
      return "picture" in found ? await decodeImage(found.bytes, found.file) : found.shown;
    },
    async take(bytes) {
      const name = `own:${sha256Of(bytes).slice(0, 16)}`;
      brought.set(name, await broughtOf(bytes, SAVED, "the picture"));
      makeRoom(brought);
      return name;
    },
  };
}

/** The data set that the flags name, or the one that the network was trained on, if it is there. */
async function openData(
  opened: OpenedNetwork,
  flags: SubjectFlags,
): Promise<OpenedData | undefined> {
  const name = flags.dataset ?? trainedOn(opened.file);
  if (name === undefined) return undefined;
  const isAsked = flags.dataset !== undefined || flags["data-dir"] !== undefined ||
    flags.image !== undefined;
  try {
    const examples = await loadTest(name, flags["data-dir"], opened.units);
    const data = { name, examples };
    pictureOfExample(opened, examples, name, 0);
    return data;
  } catch (error) {
    if (isAsked) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    say(`note: without test images: ${reason}`);
    return undefined;
  }
}
