// The only import of gifenc, which writes GIF files in plain JavaScript.
// A remote module does not see our deno.json, so the package is named and pinned here.
// deno-lint-ignore no-import-prefix
import gifenc from "npm:gifenc@1.0.3";

/** A palette: up to 256 colors of red, green and blue from 0 to 255. */
export type Palette = number[][];

/** The part of the package that is used, which has no types. */
type Gifenc = {
  GIFEncoder(): {
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      options: { palette: Palette; delay: number; repeat: number },
    ): void;
    finish(): void;
    bytes(): Uint8Array<ArrayBuffer>;
  };
  quantize(rgba: Uint8Array, maxColors: number, options: { format: "rgb565" }): Palette;
  applyPalette(rgba: Uint8Array, palette: Palette, format: "rgb565"): Uint8Array;
};

export const { GIFEncoder, quantize, applyPalette } = gifenc as unknown as Gifenc;
