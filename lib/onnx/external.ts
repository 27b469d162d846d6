// Tensors in files beside a model, which may not leave its folder.
import { besidePath } from "../files/beside.ts";
import { readAt } from "../files/read_at.ts";
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
  using opened = await Deno.open(await besidePath(file, location, rule));
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
  const bytes = await readAt(opened, offset, length);
  if (bytes.length === length) return bytes;
  throw new RangeError(`${rule} whole, got ${bytes.length} bytes of ${length}`);
}
