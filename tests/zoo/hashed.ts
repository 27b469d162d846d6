// Weights and inputs that need no file: numbers of a hash, the same as golden.py's.

/** FNV-1a of a name, 32 bits. */
function seedOf(name: string): number {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  return seed >>> 0;
}

/**
 * Numbers in [middle − width, middle + width), the i-th a hash of the name and of i.
 *
 * @param name what they are for
 * @param count how many
 * @param middle their middle
 * @param width half the width of their range
 */
export function hashed(name: string, count: number, middle = 0, width = 1): Float32Array {
  const values = new Float32Array(count);
  const seed = seedOf(name);
  for (let i = 0; i < count; i++) {
    let word = (Math.imul(i, 0x9e3779b9) + seed) | 0;
    word = Math.imul(word ^ (word >>> 16), 0x7feb352d);
    word = Math.imul(word ^ (word >>> 15), 0x846ca68b);
    word ^= word >>> 16;
    values[i] = middle + width * ((word >>> 8) / 2 ** 23 - 1);
  }
  return values;
}

/**
 * The numbers of a network's tensor: of filters with He's variance, of other tensors around 1 or 0.
 *
 * @param key PyTorch's name for it
 * @param shape PyTorch's shape of it
 */
export function hashedTensor(key: string, shape: readonly number[]): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1);
  if (key.endsWith("num_batches_tracked")) return new Float32Array(count);
  if (key.endsWith("running_var")) return hashed(key, count, 1, 0.5);
  if (shape.length > 1) return hashed(key, count, 0, Math.sqrt(6 / (count / shape[0]!)));
  return hashed(key, count, key.endsWith("weight") ? 1 : 0, 0.1);
}
