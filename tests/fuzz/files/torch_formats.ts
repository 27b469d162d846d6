// PyTorch's own files: zip archives of pickles, and pickles one after another.
import { openTorch } from "../../../lib/weights/torch_file.ts";
import golden from "../../golden/torch_files.json" with { type: "json" };
import { entriesOf, type Entry, zipOf } from "../../files/zip_fixture.ts";
import { type Format, format, isSame } from "./format.ts";
import { FOLDER } from "./temporary.ts";

type Tensor = { readonly shape: readonly number[]; readonly values: ArrayLike<number> };
type Found = ReadonlyMap<string, Tensor>;

const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** All tensors of a file. */
async function readAll(file: Uint8Array): Promise<Found> {
  const path = `${FOLDER}/weights.pth`;
  await Deno.writeFile(path, file);
  await using opened = await openTorch(path);
  const found = new Map<string, Tensor>();
  for (const name of opened.tensors.keys()) found.set(name, await opened.read(name));
  return found;
}

function checkSizes(found: Found): string | undefined {
  for (const [name, { shape, values }] of found) {
    if (values.length !== shape.reduce((product, size) => product * size, 1)) {
      return `${name} has another size`;
    }
  }
  return undefined;
}

const good = Object.fromEntries(
  Object.entries(golden.good).map(([name, text]) => [name, fromBase64(text)]),
) as Record<keyof typeof golden.good, Uint8Array>;
const zips = [good.zip, good["protocol 4"], good.checkpoint];
const legacy = [good.legacy, good["legacy checkpoint"]];
const inside = entriesOf(good.zip);
const isPickle = ({ name }: Entry): boolean => name.endsWith("/data.pkl");

const whole = new Map<Uint8Array, Found>();
for (const zip of zips) whole.set(zip, await readAll(zip));

/** Its tensors, what it is inflated to, and as much again for what the archive's reader keeps. */
const room = (_file: Uint8Array, found: Found | undefined): number =>
  2 ** 20 + [...found ?? []].reduce((sum, [, { values }]) => sum + 8 * values.length, 0);

/** All formats of PyTorch's files. */
export const torchFormats: readonly Format[] = [
  format<Found>({
    name: "PyTorch's archive",
    seeds: zips,
    parse: readAll,
    errors: ["SyntaxError"],
    room,
    // Each file of an archive has a checksum: what is accepted is what was written, of one of them.
    check: (found) =>
      [...whole.values()].some((one) => isSame(found, one))
        ? undefined
        : "it has other tensors than before",
  }),
  format<Found>({
    name: "the pickle in PyTorch's archive",
    seeds: [inside.find(isPickle)!.data],
    build: (damaged) =>
      zipOf(inside.map((entry) => isPickle(entry) ? { ...entry, data: damaged } : entry)),
    parse: readAll,
    errors: ["SyntaxError"],
    room,
    check: checkSizes,
  }),
  format<Found>({
    name: "PyTorch's pickles",
    seeds: legacy,
    parse: readAll,
    errors: ["SyntaxError"],
    room,
    check: checkSizes,
  }),
];
