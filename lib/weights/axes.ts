// Turns kernels about, between PyTorch's order of axes and ours.

/** A kernel's sizes in PyTorch's order: outputs, inputs, height, width. */
export type Oihw = readonly [outputs: number, inputs: number, height: number, width: number];

/** Side of the squares that are turned at a time: both orders of one stay in the cache. */
const BLOCK = 16;

/**
 * A kernel in our order of axes. A dense kernel is one whose image has been flattened, a vector
 * one of a single output.
 *
 * @param values in the order outputs, inputs, height, width
 * @param sizes the axes' sizes, in that order
 * @returns in the order height, width, inputs, outputs; `values` itself if that is the same
 */
export function fromOihw(values: Float32Array, sizes: Oihw): Float32Array {
  return turned(values, sizes, true);
}

/**
 * The reverse of {@linkcode fromOihw}.
 *
 * @param values in the order height, width, inputs, outputs
 * @param sizes the axes' sizes in the order outputs, inputs, height, width
 * @returns in the order outputs, inputs, height, width; `values` itself if that is the same
 */
export function toOihw(values: Float32Array, sizes: Oihw): Float32Array {
  return turned(values, sizes, false);
}

function turned(values: Float32Array, sizes: Oihw, isFrom: boolean): Float32Array {
  const [outputs, inputs, height, width] = sizes;
  const area = height * width;
  if (area === 1 && (outputs === 1 || inputs === 1)) return values;
  const out = new Float32Array(values.length);
  for (let o = 0; o < outputs; o += BLOCK) {
    const lastOutput = Math.min(o + BLOCK, outputs);
    for (let i = 0; i < inputs; i += BLOCK) {
      const lastInput = Math.min(i + BLOCK, inputs);
      if (isFrom) blockFrom(values, out, sizes, [o, lastOutput, i, lastInput]);
      else blockTo(values, out, sizes, [o, lastOutput, i, lastInput]);
    }
  }
  return out;
}

/** From which output up to which, from which input up to which. */
type Block = readonly [o0: number, o1: number, i0: number, i1: number];

function blockFrom(
  values: Float32Array,
  out: Float32Array,
  [outputs, inputs, height, width]: Oihw,
  [o0, o1, i0, i1]: Block,
): void {
  const area = height * width;
  for (let at = 0; at < area; at++) {
    for (let i = i0; i < i1; i++) {
      const row = (at * inputs + i) * outputs;
      for (let o = o0; o < o1; o++) out[row + o] = values[(o * inputs + i) * area + at]!;
    }
  }
}

function blockTo(
  values: Float32Array,
  out: Float32Array,
  [outputs, inputs, height, width]: Oihw,
  [o0, o1, i0, i1]: Block,
): void {
  const area = height * width;
  for (let at = 0; at < area; at++) {
    for (let i = i0; i < i1; i++) {
      const row = (at * inputs + i) * outputs;
      for (let o = o0; o < o1; o++) out[(o * inputs + i) * area + at] = values[row + o]!;
    }
  }
}
