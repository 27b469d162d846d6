// The one list of the files that the library reads.
import { dataFormats } from "./data_formats.ts";
import type { Format } from "./format.ts";
import { pictureFormats } from "./picture_formats.ts";
import { torchFormats } from "./torch_formats.ts";
import { weightFormats } from "./weight_formats.ts";

/** All formats. */
export const FORMATS: readonly Format[] = [
  ...weightFormats,
  ...torchFormats,
  ...dataFormats,
  ...pictureFormats,
];
