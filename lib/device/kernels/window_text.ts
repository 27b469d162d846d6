// What programs that slide windows over images have in common: geometry, and places in WGSL.
import type { WindowGrid } from "../../tensor/windows.ts";
import { QUOTIENT } from "./quotient.ts";

/** Images and windows, and whether channels come in fours. */
export type WindowProgram = {
  readonly grid: WindowGrid;
  /** Strips of channels: of four, or of one. */
  readonly strips: number;
  readonly wide: boolean;
  /** What functions that read a strip are called by, after the tensor's name. */
  readonly reader: "quad" | "at";
  /** Whether a window may reach over an edge. */
  readonly framed: boolean;
  /** Whether no input lies in two windows. */
  readonly apart: boolean;
};

/**
 * Looks at windows over images of so many channels.
 *
 * @param channels number of channels
 * @param inFours whether to take channels in fours where that is possible
 */
export function windowProgram(
  grid: WindowGrid,
  channels: number,
  inFours = true,
): WindowProgram {
  const { size, stride, before, input, output } = grid;
  const wide = inFours && channels % 4 === 0;
  const framed = ([0, 1] as const).some((axis) =>
    before[axis] > 0 || (output[axis] - 1) * stride[axis] + size[axis] > input[axis]
  );
  const apart = size[0] <= stride[0] && size[1] <= stride[1];
  return {
    grid,
    strips: wide ? channels / 4 : channels,
    wide,
    reader: wide ? "quad" : "at",
    framed,
    apart,
  };
}

/** The part of a pipeline's key that the text below depends on. */
export function windowVariant({ grid: { size, stride }, wide, framed }: WindowProgram): string {
  return `${size} by ${stride}/${wide ? "vectors" : "numbers"}/${framed ? "framed" : "inside"}`;
}

/** The numbers that the text below reads. */
export function windowUniforms({ grid, strips }: WindowProgram): Record<string, number> {
  const [height, width] = grid.input;
  const [outHeight, outWidth] = grid.output;
  const [padTop, padLeft] = grid.before;
  return { strips, height, width, outHeight, outWidth, padTop, padLeft };
}

/**
 * WGSL: the types of strips, the windows' sizes, and a place's image, row, column
 * and strip. Sizes and strides are constants, so that the driver unrolls loops.
 */
export function windowText(
  { grid: { size, stride }, wide }: WindowProgram,
  number: "f32" | "i32" = "f32",
): string {
  return `
alias V = ${wide ? `vec4<${number}>` : number};
const SIZE_Y = ${size[0]}u;
const SIZE_X = ${size[1]}u;
const STRIDE_Y = ${stride[0]}u;
const STRIDE_X = ${stride[1]}u;${QUOTIENT}
struct Place { image: u32, row: u32, column: u32, strip: u32 }
fn placeOf(index: u32, height: u32, width: u32) -> Place {
  let pixel = quotient(index, uniforms.strips);
  let line = quotient(pixel, width);
  let image = quotient(line, height);
  return Place(image, line - image * height, pixel - line * width, index - pixel * uniforms.strips);
}
fn inputAt(p: Place, y: u32, x: u32) -> u32 {
  return ((p.image * uniforms.height + y) * uniforms.width + x) * uniforms.strips + p.strip;
}
fn outputAt(p: Place, i: u32, j: u32) -> u32 {
  return ((p.image * uniforms.outHeight + i) * uniforms.outWidth + j) * uniforms.strips + p.strip;
}
`;
}

/** WGSL that runs for each input, at `at`, of the window of place `p`, `tap` its number there. */
export function eachTap({ framed }: WindowProgram, body: string): string {
  return `
  for (var u = 0u; u < SIZE_Y; u++) {
    for (var v = 0u; v < SIZE_X; v++) {
      let tap = u * SIZE_X + v;
      ${
    framed
      ? `// Above and left of the image the difference wraps around, and is too large as well.
      let atY = p.row * STRIDE_Y + u - uniforms.padTop;
      let atX = p.column * STRIDE_X + v - uniforms.padLeft;
      if (atY < uniforms.height && atX < uniforms.width) {
        let at = inputAt(p, atY, atX);
        ${body}
      }`
      : `let at = inputAt(p, p.row * STRIDE_Y + u, p.column * STRIDE_X + v);
      ${body}`
  }
    }
  }`;
}

/**
 * WGSL of a gradient, given `windowAt(p, i, j) -> Window`, what there is to know of window
 * (i, j), and `share(window, tap) -> V`, what it gives to its input `tap`: each input's
 * sum is written to `dx`, once. Windows apart lie in cells as large as the stride, and
 * an invocation writes a cell; of others, an input.
 */
export function gradientText(program: WindowProgram): string {
  return program.apart ? CELLS : INPUTS;
}

/**
 * How many invocations {@linkcode gradientText} takes, and what it counts them by.
 *
 * @param images number of images
 */
export function gradientUnits(
  { grid: { input, before, stride }, strips, apart }: WindowProgram,
  images: number,
): { readonly units: number; readonly unitsY: number; readonly unitsX: number } {
  const along = (axis: 0 | 1): number =>
    apart ? Math.ceil((input[axis] + before[axis]) / stride[axis]) : input[axis];
  const [unitsY, unitsX] = [along(0), along(1)];
  return { units: images * unitsY * unitsX * strips, unitsY, unitsX };
}

const CELLS = `
fn main(index: u32, local: u32) {
  if (index >= uniforms.units) { return; }
  let p = placeOf(index, uniforms.unitsY, uniforms.unitsX);
  let covered = (p.row < uniforms.outHeight) & (p.column < uniforms.outWidth);
  let window = windowAt(p, min(p.row, uniforms.outHeight - 1u), min(p.column, uniforms.outWidth - 1u));
  for (var u = 0u; u < STRIDE_Y; u++) {
    for (var v = 0u; v < STRIDE_X; v++) {
      let y = p.row * STRIDE_Y + u - uniforms.padTop;
      let x = p.column * STRIDE_X + v - uniforms.padLeft;
      if (y < uniforms.height && x < uniforms.width) {
        let inside = covered & (u < SIZE_Y) & (v < SIZE_X);
        dx_put(inputAt(p, y, x), select(V(0.0), share(window, u * SIZE_X + v), inside));
      }
    }
  }
}`;

const INPUTS = `
fn main(index: u32, local: u32) {
  if (index >= uniforms.units) { return; }
  let p = placeOf(index, uniforms.unitsY, uniforms.unitsX);
  let y = p.row + uniforms.padTop;
  let x = p.column + uniforms.padLeft;
  let lastI = y / STRIDE_Y;
  let lastJ = x / STRIDE_X;
  var sum = V(0.0);
  // The windows that may hold the input, from the last one back.
  for (var a = 0u; a < (SIZE_Y + STRIDE_Y - 1u) / STRIDE_Y; a++) {
    for (var b = 0u; b < (SIZE_X + STRIDE_X - 1u) / STRIDE_X; b++) {
      let i = lastI - a;
      let j = lastJ - b;
      let u = y - i * STRIDE_Y;
      let v = x - j * STRIDE_X;
      if (i < uniforms.outHeight && j < uniforms.outWidth && u < SIZE_Y && v < SIZE_X) {
        sum += share(windowAt(p, i, j), u * SIZE_X + v);
      }
    }
  }
  dx_put(index, sum);
}`;
