// Random words in WGSL.

/** Threefry-2x32 with 20 rounds: the same words as `lib/tensor/random.ts`. */
export const THREEFRY = `
fn turn(x: u32, distance: u32) -> u32 { return (x << distance) | (x >> (32u - distance)); }
fn quarter(v: vec2<u32>, d: vec4<u32>) -> vec2<u32> {
  var x = v;
  x.x += x.y; x.y = turn(x.y, d.x) ^ x.x;
  x.x += x.y; x.y = turn(x.y, d.y) ^ x.x;
  x.x += x.y; x.y = turn(x.y, d.z) ^ x.x;
  x.x += x.y; x.y = turn(x.y, d.w) ^ x.x;
  return x;
}
fn threefry(k: vec2<u32>, counter: vec2<u32>) -> vec2<u32> {
  let k2 = k.x ^ k.y ^ 0x1bd11bdau;
  let even = vec4<u32>(13u, 15u, 26u, 6u);
  let odd = vec4<u32>(17u, 29u, 16u, 24u);
  var x = counter + k;
  x = quarter(x, even) + vec2<u32>(k.y, k2 + 1u);
  x = quarter(x, odd) + vec2<u32>(k2, k.x + 2u);
  x = quarter(x, even) + vec2<u32>(k.x, k.y + 3u);
  x = quarter(x, odd) + vec2<u32>(k.y, k2 + 4u);
  return quarter(x, even) + vec2<u32>(k2, k.x + 5u);
}
// The random word number i of a key, as word() of the host.
fn word_of(k: vec2<u32>, i: u32) -> u32 {
  let words = threefry(k, vec2<u32>(0x80000000u, i & 0xfffffffeu));
  return select(words.x, words.y, (i & 1u) == 1u);
}`;
