// Tensors in files beside a model, which may not leave its folder.
import type { ProtoModel, ProtoTensor } from "./proto.ts";

/**
 * Reads the tensors that lie in files of their own.
 *
 * @throws {RangeError} if a file is outside the model's folder or a link, or is too short
 * @throws {Error} of Deno's class for it (`NotFound`, …) if the system refuses
 */
export async function readExternal(model: ProtoModel): Promise<void> {
  const all = [
    ...model.tensors,
    ...model.nodes.flatMap(({ attributes }) => [...attributes.values()].filter(isTensor)),
  ];
  for (const tensor of all) {
    if (tensor.external) tensor.raw = await bytesOf(tensor, tensor.external, model.file);
  }
}

function isTensor(value: unknown): value is ProtoTensor {
  return typeof value === "object" && value !== null && "dims" in value;
}

async function bytesOf(
  { name }: ProtoTensor,
  external: ReadonlyMap<string, string>,
  file: string,
): Promise<Uint8Array> {
  const location = external.get("location") ?? "";
  const rule = `Cannot read ${file}: tensor "${name}" must be`;
  const isInside = location !== "" && !/^[/\\]|^[a-z]:|\0/i.test(location) &&
    !location.split(/[/\\]/).includes("..");
  if (!isInside) {
    throw new RangeError(
      `${rule} in a file of the model's folder, got ${JSON.stringify(location)}`,
    );
  }
  const folder = file.replace(/[^/\\]*$/, "");
  const parts = location.split(/[/\\]/).filter((part) => part !== "" && part !== ".");
  for (let i = 1; i <= parts.length; i++) {
    const place = `${folder}${parts.slice(0, i).join("/")}`;
    const { isSymlink, isFile } = await Deno.lstat(place);
    if (!isSymlink && (i < parts.length || isFile)) continue;
    throw new RangeError(
      `${rule} in a file, got ${place}, which is ${isSymlink ? "a link" : "none"}`,
    );
  }
  using opened = await Deno.open(`${folder}${parts.join("/")}`);
  const { size } = await opened.stat();
  const offset = Number(external.get("offset") ?? 0);
  const length = external.has("length") ? Number(external.get("length")) : size - offset;
  const fits = [offset, length].every((one) => Number.isSafeInteger(one) && one >= 0) &&
    offset + length <= size;
  if (!fits) {
    throw new RangeError(
      `${rule} within the ${size} bytes of ${location}, got ${length} from ${offset} on`,
    );
  }
  const bytes = new Uint8Array(length);
  await opened.seek(offset, Deno.SeekMode.Start);
  for (let done = 0; done < length;) {
    const count = await opened.read(bytes.subarray(done));
    if (count === null) throw new RangeError(`${rule} whole, got ${done} bytes of ${length}`);
    done += count;
  }
  return bytes;
}
