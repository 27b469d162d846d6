// What a notebook shows of each kind of value.
import { encodePng } from "../image/codecs/encode.ts";
import { enlarge } from "../image/enlarge.ts";
import { grid } from "../image/grid.ts";
import type { Image } from "../image/image.ts";
import { attributionPicture } from "../explain/attribution/attribution_picture.ts";
import { toPictures } from "../explain/picture_tensors.ts";
import type { Attribution } from "../explain/attribution/attribution.ts";
import type { AnyModel } from "../layers/layer.ts";
import { summary } from "../sizing/summary.ts";
import type { ShapeTree, Tensor } from "../tensor/tensor.ts";
import { isTensor } from "../tensor/tree.ts";
import type { Classification } from "../train/classify.ts";
import type { Evaluation, Measures } from "../train/evaluate.ts";
import { curves } from "../train/report/curves.ts";
import type { EpochReport } from "../train/reports.ts";

/** A value in several forms, by media type; pictures are in base64. */
export type MediaBundle = { readonly [type: string]: string };

/** One kind of value. */
type Kind<T> = {
  readonly is: (value: unknown) => value is T;
  readonly show: (value: T) => MediaBundle | Promise<MediaBundle>;
};

/** A whole number that makes a picture about this wide, if it is smaller. */
const WANTED_WIDTH = 320;

type Fields = Readonly<Record<string, unknown>>;

function hasFields(value: unknown, ...names: readonly string[]): value is Fields {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => Object.hasOwn(value, name));
}

function isListOf<T>(
  is: (value: unknown) => value is T,
): (value: unknown) => value is readonly T[] {
  return (value): value is readonly T[] =>
    Array.isArray(value) && value.length > 0 && value.every(is);
}

function isImage(value: unknown): value is Image {
  return hasFields(value, "width", "height", "channels", "pixels");
}

function isAttribution(value: unknown): value is Attribution {
  return hasFields(value, "method", "target", "shape", "values");
}

function isClass(value: unknown): value is Classification {
  return hasFields(value, "index", "name", "probability");
}

function isEpoch(value: unknown): value is EpochReport {
  return hasFields(value, "epoch", "loss", "seconds");
}

function isEvaluation(value: unknown): value is Measures & Partial<Evaluation> {
  return hasFields(value, "loss", "count");
}

/** A network that knows the shape of its input, so that it can be described. */
type Described = { readonly model: AnyModel; readonly inputShape: ShapeTree };

function isNetwork(value: unknown): value is Described {
  return hasFields(value, "model", "params", "inputShape");
}

type Cell = string | number;

function isRow(value: unknown): value is readonly Cell[] {
  return isListOf((each): each is Cell => ["string", "number"].includes(typeof each))(value);
}

/** A picture as PNG, small ones enlarged so that their pixels are seen. */
function pictureBundle(image: Image): MediaBundle {
  const factor = Math.max(1, Math.floor(WANTED_WIDTH / image.width));
  return {
    "image/png": base64(encodePng(enlarge(image, factor))),
    "text/plain": `picture of ${image.width}×${image.height} pixels`,
  };
}

/** Bytes in base64, in parts: a call has a limited number of arguments. */
function base64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}

function sheetBundle(images: readonly Image[]): MediaBundle {
  const sheet = pictureBundle(grid(images));
  return { ...sheet, "text/plain": `${images.length} pictures` };
}

function attributionBundle(attribution: Attribution): MediaBundle {
  const [count] = attribution.shape;
  const signed = attribution.values.some((value) => value < 0);
  const pictures = Array.from(
    { length: count },
    (_, index) => attributionPicture(attribution, { index, signed }),
  );
  const { method, target } = attribution;
  const drawn = count === 1 ? pictureBundle(pictures[0]!) : sheetBundle(pictures);
  return { ...drawn, "text/plain": `${method} of ${target}` };
}

const escaped = (text: Cell): string =>
  `${text}`.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

/** Rows as a table; numbers stand at the right. */
function tableBundle(rows: readonly (readonly Cell[])[]): MediaBundle {
  const cell = (value: Cell): string =>
    typeof value === "number"
      ? `<td style="text-align:right">${value}</td>`
      : `<td style="text-align:left">${escaped(value)}</td>`;
  const lines = rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`);
  return {
    "text/html": `<table>${lines.join("")}</table>`,
    "text/plain": rows.map((row) => row.join("\t")).join("\n"),
  };
}

function classesBundle(classes: readonly Classification[]): MediaBundle {
  const bar = (share: number): string =>
    `<div style="width:12em"><div style="width:${
      100 * share
    }%;height:0.8em;background:#1f6f8b"></div></div>`;
  const lines = classes.map(({ name, probability }) =>
    `<tr><td style="text-align:left">${escaped(name)}</td><td>${bar(probability)}</td>` +
    `<td style="text-align:right">${percent(probability)}</td></tr>`
  );
  return {
    "text/html": `<table>${lines.join("")}</table>`,
    "text/plain": classes.map(({ name, probability }) => `${name}  ${percent(probability)}`)
      .join("\n"),
  };
}

/** Epochs as curves, drawn once there is one that is complete. */
async function epochsBundle(reports: readonly EpochReport[]): Promise<MediaBundle> {
  const last = reports.at(-1)!;
  const title = `${reports.length} epoch${reports.length === 1 ? "" : "s"}`;
  return {
    "image/svg+xml": await curves(reports, { title }),
    "text/plain": `${title}, loss ${last.loss.toFixed(4)}`,
  };
}

function evaluationBundle(
  { loss, count, accuracy, top5Accuracy, metrics }: Measures & Partial<Evaluation>,
): MediaBundle {
  return tableBundle([
    ["examples", count],
    ["loss", Number(loss.toPrecision(4))],
    ...(accuracy === undefined ? [] : [["accuracy", percent(accuracy)]]),
    ...(top5Accuracy === undefined ? [] : [["top-5 accuracy", percent(top5Accuracy)]]),
    ...Object.entries(metrics ?? {}).map(([name, value]) => [name, Number(value.toPrecision(4))]),
  ]);
}

function summaryBundle({ model, inputShape }: Described): MediaBundle {
  const text = summary(model, inputShape);
  return { "text/html": `<pre>${escaped(text)}</pre>`, "text/plain": text };
}

/** Pixels as pictures; of other tensors type and shape. */
async function tensorBundle(tensor: Tensor): Promise<MediaBundle> {
  const { shape, dtype } = tensor;
  const text = { "text/plain": `${dtype} tensor [${shape}]` };
  const isPictures = shape.length === 4 && [1, 3].includes(shape[3]!) && shape[0]! > 0;
  if (!isPictures || shape[1]! < 4 || shape[2]! < 4) return text;
  const values = await tensor.data();
  if (!values.every((value) => value >= 0 && value <= 1)) return text;
  const pictures = await toPictures(tensor);
  return { ...pictureBundle(grid(pictures)), ...text };
}

/** The kinds; the first that a value is of counts. */
const KINDS: readonly Kind<never>[] = [
  { is: isTensor, show: tensorBundle },
  { is: isImage, show: pictureBundle },
  { is: isListOf(isImage), show: sheetBundle },
  { is: isAttribution, show: attributionBundle },
  { is: isListOf(isClass), show: classesBundle },
  { is: isListOf(isEpoch), show: epochsBundle },
  { is: isEvaluation, show: evaluationBundle },
  { is: isNetwork, show: summaryBundle },
  { is: isListOf(isRow), show: tableBundle },
] as unknown as readonly Kind<never>[];

/** How a value is shown; `undefined` if it is of no known kind. */
export function showingOf(value: unknown): (() => MediaBundle | Promise<MediaBundle>) | undefined {
  const kind = KINDS.find(({ is }) => is(value));
  return kind && (() => kind.show(value as never));
}
