// First values of parameters: random numbers whose spread follows the layer's fan.
import { requireRange } from "../text/require.ts";
import { type Key, normalArray, uniformArray } from "../tensor/random.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";

/**
 * Makes the first values of a tensor.
 *
 * @param key the source of randomness
 * @param shape `[in, out]` of a matrix, `[h, w, in, out]` of filters
 * @returns `sizeOf(shape)` numbers
 */
export type Initializer = (key: Key, shape: Shape) => Float32Array;

/** Fans of a kernel: how many inputs a unit sums, how many units an input feeds. */
function fans(shape: Shape): [fanIn: number, fanOut: number] {
  const [inputs = 1, outputs = 1] = shape.slice(-2);
  const taps = sizeOf(shape.slice(0, -2));
  return [taps * inputs, taps * outputs];
}

/**
 * He's normal distribution, deviation √(2 / fan in): keeps the variance through
 * layers of ReLUs (He, Zhang, Ren and Sun, "Delving deep into rectifiers", 2015).
 *
 * @param key the source of randomness
 * @param shape the kernel's shape
 * @returns as many numbers as the kernel has
 */
export function heNormal(key: Key, shape: Shape): Float32Array {
  return normalArray(key, sizeOf(shape), 0, Math.sqrt(2 / fans(shape)[0]));
}

/**
 * He's uniform distribution, bound √(6 / fan in) (He et al. 2015).
 *
 * @param key the source of randomness
 * @param shape the kernel's shape
 * @returns as many numbers as the kernel has
 */
export function heUniform(key: Key, shape: Shape): Float32Array {
  const bound = Math.sqrt(6 / fans(shape)[0]);
  return uniformArray(key, sizeOf(shape), -bound, bound);
}

/**
 * Glorot's normal distribution, deviation √(2 / (fan in + fan out)) (Glorot and
 * Bengio, "Understanding the difficulty of training deep feedforward neural
 * networks", 2010).
 *
 * @param key the source of randomness
 * @param shape the kernel's shape
 * @returns as many numbers as the kernel has
 */
export function glorotNormal(key: Key, shape: Shape): Float32Array {
  const [fanIn, fanOut] = fans(shape);
  return normalArray(key, sizeOf(shape), 0, Math.sqrt(2 / (fanIn + fanOut)));
}

/**
 * Glorot's uniform distribution, bound √(6 / (fan in + fan out)) (Glorot and
 * Bengio 2010); Keras's default.
 *
 * @param key the source of randomness
 * @param shape the kernel's shape
 * @returns as many numbers as the kernel has
 */
export function glorotUniform(key: Key, shape: Shape): Float32Array {
  const [fanIn, fanOut] = fans(shape);
  const bound = Math.sqrt(6 / (fanIn + fanOut));
  return uniformArray(key, sizeOf(shape), -bound, bound);
}

/**
 * LeCun's normal distribution, deviation √(1 / fan in): keeps the variance
 * through layers of tanh (LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998).
 *
 * @param key the source of randomness
 * @param shape the kernel's shape
 * @returns as many numbers as the kernel has
 */
export function lecunNormal(key: Key, shape: Shape): Float32Array {
  return normalArray(key, sizeOf(shape), 0, Math.sqrt(1 / fans(shape)[0]));
}

/**
 * LeCun's uniform distribution, bound √(3 / fan in) (LeCun et al. 1998).
 *
 * @param key the source of randomness
 * @param shape the kernel's shape
 * @returns as many numbers as the kernel has
 */
export function lecunUniform(key: Key, shape: Shape): Float32Array {
  const bound = Math.sqrt(3 / fans(shape)[0]);
  return uniformArray(key, sizeOf(shape), -bound, bound);
}

/**
 * A normal distribution of a given deviation: the papers of 2012 to 2014 use 0.01 everywhere, and
 * last layers still do, so that training begins with all classes alike.
 *
 * @param deviation its standard deviation, at least 0
 * @returns the initializer
 * @throws {RangeError} if the deviation is negative or not finite
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dense, init, key, scaledNormal, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const layer = dense({ features: 1, initializer: scaledNormal(0) });
 * assertEquals(await init(layer, key(0), [2]).params.kernel.array(), [[0], [0]]);
 * ```
 */
export function scaledNormal(deviation: number): Initializer {
  const holds = deviation >= 0 && deviation < Infinity;
  const rule = "its deviation must be finite and at least 0";
  requireRange("make an initializer", rule, holds, deviation);
  return (key, shape) => normalArray(key, sizeOf(shape), 0, deviation);
}

/**
 * Zeros.
 *
 * @param _key not used
 * @param shape any shape
 * @returns as many numbers as the shape has
 */
export function zeros(_key: Key, shape: Shape): Float32Array {
  return new Float32Array(sizeOf(shape));
}

/**
 * Ones.
 *
 * @param _key not used
 * @param shape any shape
 * @returns as many numbers as the shape has
 */
export function ones(_key: Key, shape: Shape): Float32Array {
  return new Float32Array(sizeOf(shape)).fill(1);
}
