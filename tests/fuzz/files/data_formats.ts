// Data sets, archives and configurations.
import { checkRecords, fromRecords } from "../../../lib/data/sources/cifar10_records.ts";
import { parseClothes } from "../../../lib/data/sources/fashion_mnist.ts";
import { type Idx, parseIdx, readIdx } from "../../../lib/data/sources/idx.ts";
import { openPixelFile } from "../../../lib/data/sources/pixel_file.ts";
import { filesOfTarGz } from "../../../lib/files/tar_gz.ts";
import { parsePreprocessing } from "../../../lib/image/parse_preprocessing.ts";
import { type Preprocessing, preprocessings } from "../../../lib/image/preprocessing.ts";
import { UsageError } from "../../../tasks/command.ts";
import { openRunFolder } from "../../../tasks/train/run_folder.ts";
import { gzipped, idxBytes } from "../../data/idx_files.ts";
import { tar } from "../../files/tar_fixture.ts";
import { type Format, format, isSame } from "./format.ts";
import { FOLDER } from "./temporary.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const IDX = [
  idxBytes([3, 4, 5], Array.from({ length: 60 }, (_, i) => i)),
  idxBytes([4], [1, 2, 3, 0]),
  idxBytes([0, 4], []),
];

function checkIdx({ shape, values }: Idx, file: Uint8Array): string | undefined {
  const view = new DataView(file.buffer, file.byteOffset);
  const rank = file[3]!;
  const sizes = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  if (!isSame([...shape], sizes)) return "its shape is not that of a second reading";
  if (sizes.reduce((product, size) => product * size, 1) !== values.length) {
    return "values are missing";
  }
  return isSame(values, file.subarray(4 + 4 * rank)) ? undefined : "it has other values";
}

/** The inflated bytes of one gzip member, of which all must be whole. */
async function gunzip(file: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([file.slice()]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const RECORD = 3073;
const records = (count: number): Uint8Array =>
  Uint8Array.from(
    { length: count * RECORD },
    (_, i) => i % RECORD === 0 ? (i / RECORD) % 10 : i * 31 & 255,
  );

const FILES: readonly (readonly [string, Uint8Array])[] = [
  ["batches/one.bin", encode("one and more of it")],
  ["batches/", new Uint8Array(0)],
  ["batches/two.bin", Uint8Array.from({ length: 700 }, (_, i) => i & 255)],
  ["readme.html", encode("<p>read me")],
];

/** Archive headers with right sums wherever sizes lead, as a new archive would have. */
function withHeaderSums(damaged: Uint8Array): Uint8Array<ArrayBuffer> {
  const archive = damaged.slice();
  for (let at = 0; at + 512 <= archive.length;) {
    const block = archive.subarray(at, at + 512);
    if (block.every((byte) => byte === 0)) break;
    block.set(encode("        "), 148);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.set(encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
    const size = parseInt(decode(block.subarray(124, 136)), 8);
    at += 512 + Math.ceil((Number.isFinite(size) && size > 0 ? size : 0) / 512) * 512;
  }
  return archive;
}

/** The wanted files of a plain archive; nothing if it has entries of newer kinds. */
function filesIn(archive: Uint8Array): ReadonlyMap<string, Uint8Array> | undefined {
  const found = new Map<string, Uint8Array>();
  const textAt = (block: Uint8Array, at: number, most: number): string =>
    decode(block.subarray(at, at + most)).split("\0")[0]!;
  for (let at = 0; at + 512 <= archive.length;) {
    const block = archive.subarray(at, at + 512);
    if (block.every((byte) => byte === 0)) break;
    const [kind, size] = [
      String.fromCharCode(block[156]!),
      parseInt(textAt(block, 124, 12), 8) || 0,
    ];
    if (!"05\0".includes(kind)) return undefined;
    // Of a size that is no octal number, what it means is not agreed on.
    if (!/^[0-7]*[\0 ]*$/.test(decode(block.subarray(124, 136)))) return undefined;
    const name = textAt(block, 0, 100).split("/").at(-1)!;
    if (kind !== "5" && name.endsWith(".bin")) {
      found.set(name, archive.subarray(at + 512, at + 512 + size));
    }
    // Of a folder, a size says nothing (POSIX, ustar).
    at += 512 + (kind === "5" ? 0 : Math.ceil(size / 512) * 512);
  }
  return found;
}

const archives: Omit<Format<ReadonlyMap<string, Uint8Array>>, "name" | "seeds" | "check"> = {
  async parse(file) {
    const path = `${FOLDER}/a.tar.gz`;
    await Deno.writeFile(path, file);
    return await filesOfTarGz(
      path,
      "an archive",
      (name) => name.endsWith(".bin") ? 1000 : undefined,
    );
  },
  errors: ["SyntaxError"],
  room: () => 2 ** 19,
};

const clothes = encode(JSON.stringify({
  data: [Array.from({ length: 784 }, (_, i) => i % 256), Array(784).fill(7), []],
}));

/** All formats of data and configurations. */
export const dataFormats: readonly Format[] = [
  format<Idx>({
    name: "IDX",
    seeds: IDX,
    parse: (file) => parseIdx(file, "labels"),
    errors: ["SyntaxError"],
    check: checkIdx,
  }),
  format<Idx>({
    name: "IDX, gzipped",
    seeds: await Promise.all(IDX.map((one) => gzipped(one as Uint8Array<ArrayBuffer>))),
    async parse(file) {
      const path = `${FOLDER}/labels.gz`;
      await Deno.writeFile(path, file);
      return await readIdx(path);
    },
    errors: ["SyntaxError"],
    check(found, file, seed) {
      // The compressed bytes have a checksum: what is accepted is what was written.
      if (file[0] !== 0x1f) return checkIdx(found, file);
      const own = IDX.find(({ length }) => length === inflatedLength(seed))!;
      const same = IDX.some((one) => checkIdx(found, one) === undefined);
      return checkIdx(found, own) === undefined || same
        ? undefined
        : "it has other values than before";
    },
    room: () => 2 ** 16,
  }),
  format<Idx>({
    name: "IDX within gzip",
    seeds: IDX,
    build: (damaged) => gzipped(damaged as Uint8Array<ArrayBuffer>),
    async parse(file) {
      const path = `${FOLDER}/inner.gz`;
      await Deno.writeFile(path, file);
      return { ...await readIdx(path), inflated: await gunzip(file) } as Idx;
    },
    errors: ["SyntaxError"],
    check: (found) => checkIdx(found, (found as Idx & { inflated: Uint8Array }).inflated),
    room: () => 2 ** 16,
  }),
  format<ReturnType<typeof fromRecords>>({
    name: "CIFAR-10",
    seeds: [records(1), records(3)],
    parse(file) {
      checkRecords(file, "data_batch_1.bin");
      return fromRecords([file]);
    },
    errors: ["SyntaxError"],
    check({ images, labels }, file) {
      for (const [i, label] of labels.entries()) {
        if (label !== file[i * RECORD]! || label > 9) return "a label is another";
        for (let p = 0; p < 3072; p++) {
          const value = file[i * RECORD + 1 + (p % 3) * 1024 + Math.floor(p / 3)];
          if (images[i * 3072 + p] !== value) return "a pixel is another";
        }
      }
      return labels.length * RECORD === file.length ? undefined : "images are missing";
    },
  }),
  format({
    name: "tar.gz",
    seeds: [await gzipped(tar(FILES) as Uint8Array<ArrayBuffer>)],
    ...archives,
    check(found) {
      const wanted = new Map(
        FILES.filter(([path]) => path.endsWith(".bin"))
          .map(([path, bytes]) => [path.split("/")[1]!, bytes]),
      );
      return isSame(found, wanted) ? undefined : "it has other files than before";
    },
  }),
  format<ReadonlyMap<string, Uint8Array>>({
    name: "tar within gzip",
    seeds: [tar(FILES)],
    ...archives,
    build: (damaged) => gzipped(withHeaderSums(damaged)),
    async check(found, file) {
      const wanted = filesIn(await gunzip(file));
      return !wanted || isSame(found, wanted)
        ? undefined
        : "it has other files than by a second reading";
    },
  }),
  format<Preprocessing>({
    name: "preprocessing (JSON)",
    seeds: [
      ...Object.values(preprocessings).map((one) => encode(JSON.stringify(one))),
      encode(JSON.stringify({
        pretrained_cfg: {
          input_size: [3, 224, 224],
          crop_pct: 0.875,
          interpolation: "bicubic",
          mean: [0.485, 0.456, 0.406],
          std: [0.229, 0.224, 0.225],
        },
      })),
    ],
    isText: true,
    parse: (file) => parsePreprocessing(decode(file), "a.json"),
    errors: ["SyntaxError"],
    check(found) {
      const numbers = [found.crop, found.range, found.mean, found.std].flat() as number[];
      if (!numbers.every((value) => Number.isFinite(value))) return "a number is not finite";
      const again = parsePreprocessing(JSON.stringify(found), "again.json");
      return isSame(found, again) ? undefined : "written and read again, it is another";
    },
  }),
  format<Uint8Array>({
    name: "clothes (JSON)",
    seeds: [clothes],
    isText: true,
    parse: (file) => parseClothes(decode(file), "0.json", 2),
    errors: ["SyntaxError"],
    check(found, file) {
      const { data } = JSON.parse(decode(file));
      const wanted = (data as number[][]).filter(({ length }) => length > 0).flat();
      return isSame(found, Uint8Array.from(wanted))
        ? undefined
        : "its pixels are not those of a second reading";
    },
  }),
  format<Awaited<ReturnType<typeof openPixelFile>>>({
    name: "list of kept pixels (JSON)",
    seeds: [encode(`[[[0,"is cut"]],[[2,"has no end marker"]]]`), encode("[[],[]]")],
    isText: true,
    async parse(file) {
      await Deno.writeFile(`${FOLDER}/pixels.bin`, new Uint8Array(12));
      await Deno.writeFile(`${FOLDER}/pixels.json`, file);
      return await openPixelFile(`${FOLDER}/pixels`, 3, 4);
    },
    errors: [],
    check(found) {
      if (!found) return undefined; // Files are decoded anew.
      const lists = [found.faults.broken, found.faults.warnings];
      const isSound = lists.every((list) =>
        list instanceof Map &&
        [...list].every(([place, text]) =>
          Number.isInteger(place) && place >= 0 && place < 3 && typeof text === "string"
        )
      );
      return isSound ? undefined : "a fault is not of a file's place and a text";
    },
  }),
  format<string>({
    name: "config.json of a run",
    seeds: [encode(`{"run":"a1b2c3d4","model":"lenet5","dataset":"mnist","epochs":3,"data":null}`)],
    isText: true,
    async parse(file) {
      const folder = `${FOLDER}/run`;
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeFile(`${folder}/config.json`, file);
      await Deno.writeFile(`${folder}/history.csv`, new Uint8Array(1));
      try {
        await (await openRunFolder(folder, { config: { model: "vgg" } })).release();
        return "taken";
      } catch (error) {
        if (error instanceof UsageError) return error.message;
        throw error;
      }
    },
    errors: [],
    // Another run's files are there, whatever its settings say.
    check: (found) =>
      found.includes("it must not hold an earlier run, got history.csv")
        ? undefined
        : `a folder with another run's files is not refused: ${found}`,
  }),
];

/** How long the file is that was gzipped, as its last four bytes say (RFC 1952). */
function inflatedLength(gzip: Uint8Array): number {
  return new DataView(gzip.buffer, gzip.byteOffset).getUint32(gzip.length - 4, true);
}
