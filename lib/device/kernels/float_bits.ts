// A number as WGSL gets it among whole ones.

const bits = new Uint32Array(1);
const real = new Float32Array(bits.buffer);

/**
 * The bits of a number as a float32: what `bitcast<f32>` of a uniform reads.
 *
 * @param value the number
 */
export function floatBits(value: number): number {
  real[0] = value;
  return bits[0]!;
}
