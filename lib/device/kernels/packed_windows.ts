// Windows side by side over images whose channels are no fours: several pixels together are.
import type { WindowGrid } from "../../tensor/windows.ts";
import { QUOTIENT } from "./quotient.ts";
import { each } from "./tiles.ts";

/** Windows of which an invocation takes as many neighbors as make fours of their numbers. */
export type PackedWindows = {
  readonly grid: WindowGrid;
  readonly channels: number;
  /** Vectors of four numbers that the results of an invocation's windows are. */
  readonly quads: number;
  /** Vectors of a line of the windows' inputs. */
  readonly across: number;
};

/** The longest text: vectors that an invocation holds. */
const MOST = 32;

/**
 * The windows over images of so many channels, if they can be taken so: side by side without a gap or
 * a frame, in lines of as many as are needed.
 */
export function packedWindows(grid: WindowGrid, channels: number): PackedWindows | undefined {
  const { size, stride, before, input, output } = grid;
  const isTiled = ([0, 1] as const).every((axis) =>
    before[axis] === 0 && size[axis] <= stride[axis] && input[axis] === output[axis] * stride[axis]
  );
  const pixels = channels % 2 === 0 ? 2 : 4;
  const quads = pixels * channels / 4;
  const across = quads * stride[1];
  const fits = output[1] % pixels === 0 && across * stride[0] <= MOST;
  return isTiled && channels % 4 !== 0 && fits ? { grid, channels, quads, across } : undefined;
}

/** What the text depends on. */
export function packedVariant({ grid: { size, stride }, channels }: PackedWindows): string {
  return `${size} by ${stride}/${channels} packed`;
}

/** The numbers that the text reads, and how many invocations it takes. */
export function packedUniforms(
  { grid: { output }, channels, quads, across }: PackedWindows,
  images: number,
): {
  readonly units: number;
  readonly height: number;
  readonly blocks: number;
  readonly line: number;
} {
  const blocks = output[1] * channels / (4 * quads);
  return {
    units: images * output[0] * blocks,
    height: output[0],
    blocks,
    line: blocks * across,
  };
}

/**
 * WGSL with `at(u)`, where the vectors of line `u` of the inputs begin, and `to`, where those of the
 * results do.
 */
export function packedText(
  { grid: { stride }, quads, across }: PackedWindows,
  body: string,
): string {
  return `${QUOTIENT}
alias V = vec4<f32>;
struct Block { line: u32, column: u32 }
fn at(b: Block, u: u32) -> u32 {
  return (b.line * ${stride[0]}u + u) * uniforms.line + b.column * ${across}u;
}
fn main(index: u32, local: u32) {
  if (index >= uniforms.units) { return; }
  let line = quotient(index, uniforms.blocks);
  let b = Block(line, index - line * uniforms.blocks);
  let to = index * ${quads}u;
  ${body}
}`;
}

/** WGSL: reads the inputs into variables. */
export function packedInputs({ grid: { size }, across }: PackedWindows): string {
  return each(
    size[0],
    (u) => each(across, (k) => `let a${u}_${k} = x_quad(at(b, ${u}u) + ${k}u);`),
  );
}

/** WGSL: the inputs of tap (u, v) of the windows of result vector `q`. */
export function packedInput(
  { grid: { stride }, channels }: PackedWindows,
  q: number,
  u: number,
  v: number,
): string {
  return vector((j) => {
    const [pixel, channel] = placeOf(4 * q + j, channels);
    const at = (pixel * stride[1] + v) * channels + channel;
    return `a${u}_${at >> 2}[${at & 3}]`;
  });
}

/** WGSL: of number `j` of vector `k` of an input's line, that of the results of its window, in vectors `name`. */
export function packedResult(
  { grid: { stride }, channels }: PackedWindows,
  k: number,
  name: string,
  j: number,
): string {
  const [pixel, channel] = placeOf(4 * k + j, channels);
  const at = Math.floor(pixel / stride[1]) * channels + channel;
  return `${name}${at >> 2}[${at & 3}]`;
}

/** WGSL: of all four of them. */
export function packedResults(windows: PackedWindows, k: number, name: string): string {
  return vector((j) => packedResult(windows, k, name, j));
}

/** The taps of the numbers of vector `k` of line `u` of the inputs; of those in no window, `none`. */
export function packedTaps(
  { grid: { size, stride }, channels }: PackedWindows,
  u: number,
  k: number,
  none: number,
): number[] {
  return [0, 1, 2, 3].map((j) => {
    const v = placeOf(4 * k + j, channels)[0] % stride[1];
    return u < size[0] && v < size[1] ? u * size[1] + v : none;
  });
}

function placeOf(number: number, channels: number): [pixel: number, channel: number] {
  return [Math.floor(number / channels), number % channels];
}

function vector(one: (j: number) => string): string {
  return `V(${[0, 1, 2, 3].map(one).join(", ")})`;
}
