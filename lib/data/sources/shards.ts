// Pictures in tar archives, WebDataset's shards: cat/0001.jpg beside cat/0001.cls, one after the other.
import { basename } from "node:path";
import { filesOfTar, type TarFile } from "../../files/tar_index.ts";
import { partOf } from "../../tensor/batch_part.ts";
import type { World } from "../../world/world.ts";
import { type ClassFolders, type LabeledFile, type Part, PARTS } from "./class_folders.ts";
import { listFolder } from "./folder.ts";

/** Endings of pictures, and of what says their class, the first that is there. */
const PICTURES = ["jpg", "jpeg", "png"] as const;
const LABELS = ["cls", "json", "txt"] as const;

/** The most bytes of a label's file. */
const LARGEST_LABEL = 1 << 20;

/** A week: shards of network drives may take long, and other ranks wait. */
const A_WEEK = 7 * 24 * 3600;

/** Whether a path names shards itself: `photos-{000..015}.tar`, or one archive. */
export function namesShards(path: string): boolean {
  return /\.tar$/.test(path);
}

/** The paths that a pattern stands for: `a-{08..10}.tar` is `a-08.tar`, `a-09.tar`, `a-10.tar`. */
export function expandShards(pattern: string): readonly string[] {
  const [whole, first, last] = /\{(\d+)\.\.(\d+)\}/.exec(pattern) ?? [];
  if (whole === undefined) return [pattern];
  const count = Number(last) - Number(first) + 1;
  if (!(count >= 1 && count <= 1e6)) {
    throw new RangeError(
      `Cannot read shards: a range must go up, by at most a million, got ${whole}`,
    );
  }
  return Array.from({ length: count }, (_, i) => {
    const number = String(Number(first) + i).padStart(first!.length, "0");
    return expandShards(pattern.replace(whole, () => number));
  }).flat();
}

/** A picture of a shard, and what its label says. */
type Sample = readonly [name: string, offset: number, size: number, label: string | number];

/**
 * Finds the pictures of shards by the archives' headers: pictures are not read. With other ranks each
 * looks into its part of the shards.
 *
 * @param root a folder of `.tar` files, whose names may begin with train, val and test; or a path of
 * them, `photos-{000..015}.tar`
 * @throws {SyntaxError} if an archive is damaged, or a picture has no label
 * @throws {RangeError} if labels are names and numbers, or there are not two classes
 */
export async function findShards(root: string, world: World): Promise<ClassFolders> {
  const paths = namesShards(root)
    ? expandShards(root)
    : (await listFolder(root, "shards", "tar archives")).filter(namesShards)
      .map((name) => `${root}/${name}`);
  const parts = paths.map(partOfShard);
  const isSplit = parts.includes("train");
  const odd = paths.find((_, i) => isSplit && parts[i] === undefined);
  if (odd !== undefined) {
    throw bad(root, "beside train each shard must be of train, val or test", basename(odd));
  }
  const shards = await indexAll(paths, world);
  const { classNames, labelOf } = classesOf(root, shards.flat());
  const found: Partial<Record<Part, LabeledFile[]>> = {};
  for (const [i, samples] of shards.entries()) {
    const archive = paths[i]!;
    const files = found[isSplit ? parts[i]! : "all"] ??= [];
    for (const [name, offset, size, label] of samples) {
      const at = { archive, offset, size };
      files.push({ file: `${archive}/${name}`, label: labelOf(label), at });
    }
  }
  if (isSplit && !found.val && !found.test) {
    throw bad(root, "beside shards of train there must be some of test or val", "none");
  }
  return { classNames, parts: found, ignored: [] };
}

/** The part of a shard: that of its name's first word. */
function partOfShard(path: string): Part | undefined {
  const word = /^[a-z]+/.exec(basename(path).toLowerCase())?.[0] ?? "";
  return Object.hasOwn(PARTS, word) ? PARTS[word] : undefined;
}

/** The samples of all shards, by shard. */
async function indexAll(paths: readonly string[], world: World): Promise<(readonly Sample[])[]> {
  const { first, count } = partOf(world, paths.length);
  const own: (readonly Sample[])[] = [];
  await world.during("look into shards", async () => {
    for (const path of paths.slice(first, first + count)) own.push(await indexOf(path));
  }, A_WEEK);
  if (world.size === 1) return own;
  const gathered = await world.during(
    "wait for the shards of others",
    () => world.allGather(new TextEncoder().encode(JSON.stringify(own))),
    A_WEEK,
  );
  return gathered.flatMap((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
}

/** The samples of a shard: files that follow each other and have one name but for their endings. */
async function indexOf(path: string): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const isLabel = ({ name, size }: TarFile): boolean => {
    const [, ending] = namesOf(name) ?? [];
    if (!LABELS.some((label) => label === ending)) return false;
    if (size > LARGEST_LABEL) {
      throw bad(path, `a label must have at most ${LARGEST_LABEL} bytes`, `${size} of ${name}`);
    }
    return true;
  };
  let key: string | undefined;
  let files = new Map<string, TarFile & { readonly bytes?: Uint8Array }>();
  const finish = (): void => {
    if (key === undefined) return;
    const picture = PICTURES.map((ending) => files.get(ending)).find((file) => file);
    const ending = LABELS.find((ending) => files.has(ending));
    if (!picture || !ending) {
      throw bad(
        path,
        `each sample must have a picture (${PICTURES.join(", ")}) and a label (${
          LABELS.join(", ")
        })`,
        `${key} with ${[...files.keys()].join(", ")}`,
      );
    }
    const text = new TextDecoder().decode(files.get(ending)!.bytes!);
    const label = ending === "json" ? labelInJson(text) : labelIn(text);
    if (label === undefined) {
      throw bad(
        path,
        "a label must be a class's number or name; in JSON it must be its field label, cls or class",
        `${JSON.stringify(text.slice(0, 80))} in ${key}.${ending}`,
      );
    }
    samples.push([picture.name, picture.offset, picture.size, label]);
  };
  for await (const file of filesOfTar(path, isLabel)) {
    const [name, ending] = namesOf(file.name) ?? [];
    if (name === undefined) continue; // As WebDataset does: .DS_Store, README.
    if (name !== key) {
      finish();
      key = name;
      files = new Map();
    }
    if (files.has(ending!)) {
      throw bad(path, "a sample must have one file of each ending", `two ${file.name}`);
    }
    files.set(ending!, file);
  }
  finish();
  return samples;
}

/** A name up to the first dot of its last part, and what follows in lower case. */
function namesOf(path: string): readonly [key: string, ending: string] | undefined {
  const found = /^((?:.*\/)?[^/.]+)\.([^/]+)$/s.exec(path);
  return found ? [found[1]!, found[2]!.toLowerCase()] : undefined;
}

function labelIn(text: string): string | number | undefined {
  const label = text.trim();
  if (label === "" || label.includes("\n")) return undefined;
  return /^\d+$/.test(label) ? Number(label) : label;
}

function labelInJson(text: string): string | number | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value === "object" && value !== null) {
    const { label, cls, class: name } = value as Record<string, unknown>;
    value = label ?? cls ?? name;
  }
  if (typeof value === "string") return labelIn(value);
  return Number.isInteger(value) && (value as number) >= 0 ? value as number : undefined;
}

type Classes = {
  readonly classNames: readonly string[];
  labelOf(label: string | number): number;
};

/** The classes: all numbers up to the largest, or all names in order. */
function classesOf(root: string, samples: readonly Sample[]): Classes {
  const labels = new Set(samples.map(([, , , label]) => label));
  const names = [...labels].filter((label) => typeof label === "string").sort();
  if (names.length > 0 && names.length < labels.size) {
    const number = [...labels].find((label) => typeof label === "number");
    throw bad(root, "labels must be all numbers or all names", `${number} and ${names[0]}`);
  }
  const count = names.length || 1 + [...labels as Set<number>].reduce((a, b) => Math.max(a, b), -1);
  if (count < 2 || count > 2 ** 16) {
    throw bad(root, "it must hold pictures of 2 to 65536 classes", count);
  }
  if (names.length === 0) {
    const classNames = Array.from({ length: count }, (_, i) => `${i}`);
    return { classNames, labelOf: (label) => label as number };
  }
  const places = new Map(names.map((name, i) => [name, i]));
  return { classNames: names, labelOf: (label) => places.get(label as string)! };
}

function bad(path: string, rule: string, found: unknown): SyntaxError | RangeError {
  const ErrorClass = namesShards(path) && !path.includes("{") ? SyntaxError : RangeError;
  return new ErrorClass(`Cannot read images of ${path}: ${rule}, got ${found}`);
}
