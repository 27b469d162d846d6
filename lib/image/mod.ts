// Pictures: files, resizing, preprocessing, grids, color maps.

export { decodeImage } from "./codecs/decode.ts";
export * from "./codecs/encode.ts";
export * from "./gray.ts";
export { resize, type ResizeFilter } from "./resize.ts";
export { type Preprocessing, preprocessings } from "./preprocessing.ts";
export { inputShapeOf, momentsOf, preprocess } from "./preprocess.ts";
export * from "./parse_preprocessing.ts";
export type { Image } from "./image.ts";
export { grid, type GridOptions } from "./grid.ts";
export * from "./side_by_side.ts";
export * from "./label.ts";
export * from "./color_map.ts";
export * from "./heat_map.ts";
export * from "./codecs/encode_gif.ts";
export * from "./enlarge.ts";
export type { Color, Ground } from "./color.ts";
