/**
 * neocog: scriptable ConvNets for Deno on WebGPU.
 *
 * @module
 */
export { tf } from "./lib/tensor/tf.ts";
export { fold, type Key, key, normal, permutation, split, uniform } from "./lib/tensor/random.ts";
