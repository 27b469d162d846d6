// Parses the preprocessing beside weights: as our JSON, as timm's, or in a file's metadata.
import { checkPreprocessing, type Preprocessing } from "./preprocessing.ts";

/** An object of JSON. */
type Fields = Readonly<Record<string, unknown>>;

/**
 * Parses preprocessing in JSON: an object with the fields of {@linkcode Preprocessing}, or timm's
 * `config.json` with `input_size`, `crop_pct`, `interpolation`, `mean` and `std`, perhaps within
 * its `pretrained_cfg`.
 *
 * Source of timm's rules: https://github.com/huggingface/pytorch-image-models,
 * `timm/data/transforms_factory.py`, `transforms_imagenet_eval`.
 *
 * @param text the JSON
 * @param file the name of its file, for messages
 * @returns the preprocessing
 * @throws {SyntaxError} if it is not JSON, or a field is missing, unknown, or breaks its rule
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { parsePreprocessing, preprocessings } from "@neocog/neocog/image";
 *
 * const text = JSON.stringify(preprocessings.caffe);
 * assertEquals(parsePreprocessing(text, "caffe.json"), preprocessings.caffe);
 * assertThrows(() => parsePreprocessing("{}", "a.json"), SyntaxError, "its crop must be");
 * ```
 */
export function parsePreprocessing(text: string, file: string): Preprocessing {
  const fields = parseObject(text, file);
  const inner = fields["pretrained_cfg"];
  const timm = isObject(inner) ? inner : Object.hasOwn(fields, "input_size") ? fields : undefined;
  return checked(timm ? fromTimm(timm, file) : fields, file);
}

/**
 * Parses the preprocessing in a safetensors file's metadata: JSON under `preprocessing`, or a text
 * such as `RGB 0..255 minus (123,117,104), 227x227` under `input`: order, range, means, height and
 * width, without resizing.
 *
 * @param metadata the strings of the file
 * @param file its name, for messages
 * @returns the preprocessing; `undefined` if there is neither, or the text has another form
 * @throws {SyntaxError} if the JSON is not preprocessing, or a number of the text breaks a rule
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { preprocessingOf, preprocessings } from "@neocog/neocog/image";
 *
 * const metadata = { input: "RGB 0..255 minus (123,117,104), 227x227" };
 * assertEquals(preprocessingOf(metadata, "a"), { ...preprocessings.caffe, crop: [227, 227] });
 * assertEquals(preprocessingOf({ format: "pt" }, "a"), undefined);
 * ```
 */
export function preprocessingOf(
  metadata: Readonly<Record<string, string>>,
  file: string,
): Preprocessing | undefined {
  const { preprocessing, input } = metadata;
  if (preprocessing !== undefined) return parsePreprocessing(preprocessing, file);
  const found = /^(RGB|BGR) 0\.\.(1|255) minus \(([-\d., ]+)\), (\d+)x(\d+)$/.exec(input ?? "");
  if (!found) return undefined;
  const mean = found[3]!.split(",").map((text) => text.trim() === "" ? NaN : Number(text));
  const how = {
    crop: [Number(found[4]), Number(found[5])],
    range: Number(found[2]),
    mean,
    std: mean.map(() => 1),
    order: found[1]!.toLowerCase(),
  };
  return checked(how, file);
}

function parseObject(text: string, file: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = (cause as Error).message;
    const message = `Cannot read the preprocessing of ${file}: it must be JSON: ${reason}`;
    throw new SyntaxError(message, { cause });
  }
  if (!isObject(value)) throw bad(file, "it must be an object", text.slice(0, 80));
  return value;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bad(file: string, rule: string, found: unknown): SyntaxError {
  return new SyntaxError(
    `Cannot read the preprocessing of ${file}: ${rule}, got ${
      typeof found === "string" ? found : JSON.stringify(found)
    }`,
  );
}

/** The fields, checked to be preprocessing. */
function checked(fields: Fields, file: string): Preprocessing {
  const how = fields as unknown as Preprocessing;
  try {
    checkPreprocessing(how);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new SyntaxError(`Cannot read the preprocessing of ${file}: ${reason}`, { cause });
  }
  return how;
}

/** timm's fields as ours; the check that follows finds what they lack. */
function fromTimm(fields: Fields, file: string): Fields {
  const { input_size, crop_pct, interpolation = "bilinear", crop_mode = "center" } = fields;
  if (!Array.isArray(input_size) || input_size.length !== 3 || input_size[1] !== input_size[2]) {
    throw bad(file, "its input_size must be channels, and a height and width alike", input_size);
  }
  if (typeof crop_pct !== "number" || !(crop_pct > 0 && crop_pct <= 1)) {
    throw bad(file, "its crop_pct must be above 0 and at most 1", crop_pct);
  }
  if (crop_mode !== "center") throw bad(file, 'its crop_mode must be "center"', crop_mode);
  const [channels, crop] = input_size;
  const { mean, std } = fields;
  if (!Array.isArray(mean) || mean.length !== channels) {
    throw bad(file, `its mean must have ${channels} numbers`, mean);
  }
  const resize = Math.floor(crop / crop_pct);
  return { resize, filter: interpolation, crop, range: 1, mean, std };
}
