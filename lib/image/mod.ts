// Pictures: files, resizing, preprocessing, grids, color maps.

export { decodeImage } from "./codecs/decode.ts";
export { encodePng } from "./codecs/encode.ts";
export { toGray } from "./gray.ts";
export { resize, type ResizeFilter } from "./resize.ts";
export { type Preprocessing, preprocessings } from "./preprocessing.ts";
export { inputShapeOf, momentsOf, preprocess } from "./preprocess.ts";
export { parsePreprocessing, preprocessingOf } from "./parse_preprocessing.ts";
export type { Image } from "./image.ts";
export { grid, type GridOptions } from "./grid.ts";
export { sideBySide, type SideBySideOptions } from "./side_by_side.ts";
export { label, type LabelOptions } from "./label.ts";
export { type ColorMap, colorMaps, diverging, grays, viridis } from "./color_map.ts";
export { heatMap, type HeatMapOptions, overlay, type OverlayOptions } from "./heat_map.ts";
export { encodeGif, type GifOptions } from "./codecs/encode_gif.ts";
export { enlarge } from "./enlarge.ts";
export type { Color, Ground } from "./color.ts";
