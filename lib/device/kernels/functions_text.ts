// WGSL of functions of one number that hold their digits over the whole range of float32.
// The language promises little: exp 3 + 2 |x| units in the last place, sin 11 bits, tanh less.

/** The functions here, as WGSL names them: of an `f32`, with NaN for NaN. */
export type FunctionName = keyof typeof FUNCTIONS;

/** What all others are made of. NaN is told by its bits, as some drivers lose it in `x != x`. */
const BASIS = `
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn is_zero(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0u; }
fn with_sign(size: f32, x: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(size) & 0x7fffffffu) | (bitcast<u32>(x) & 0x80000000u));
}
fn power_of_two(k: i32) -> f32 { return bitcast<f32>(u32(k + 127) << 23u); }
fn scaled(x: f32, k: i32) -> f32 {
  let half = k >> 1u;
  return x * power_of_two(half) * power_of_two(k - half);
}`;

/** exp(x) = 2ᵏ (1 + e) with x = k ln 2 + r, |r| ≤ ln 2 / 2; the polynomial is Cephes's. */
const EXP = `
struct Exponential { k: i32, e: f32 }
fn exponential(x: f32) -> Exponential {
  let k = round(x * 1.44269504);
  let r = (x - k * 0.693359375) - k * -2.12194440e-4;
  let p = ((((1.9875691500e-4 * r + 1.3981999507e-3) * r + 8.3334519073e-3) * r +
    4.1665795894e-2) * r + 1.6666665459e-1) * r + 5.0000001201e-1;
  return Exponential(i32(k), r * r * p + r);
}
fn exp_of(x: f32) -> f32 {
  let y = exponential(clamp(x, -104.0, 89.0));
  return select(scaled(1.0 + y.e, y.k), x, is_nan(x));
}
// exp(x) / 2, which does not overflow where sinh and cosh do not.
fn half_exp_of(x: f32) -> f32 {
  let y = exponential(clamp(x, -104.0, 90.0));
  return select(scaled(1.0 + y.e, y.k - 1), x, is_nan(x));
}
fn expm1_of(x: f32) -> f32 {
  let y = exponential(clamp(x, -20.0, 89.0));
  let rest = 1.0 - power_of_two(clamp(-y.k, -126, 127));
  return select(scaled(y.e + rest, y.k), x, is_nan(x) || is_zero(x));
}`;

/** log(x) = k ln 2 + log(1 + f), √½ ≤ 1 + f < √2; the polynomial is fdlibm's. Subnormals are taken by their bits. */
const LOG = `
fn log_of(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let tiny = bits < 0x00800000u;
  let moved = select(bits, bitcast<u32>(f32(bits)), tiny) + (0x3f800000u - 0x3f3504f3u);
  let k = f32(i32(moved >> 23u) - 127 - select(0, 149, tiny));
  let f = bitcast<f32>((moved & 0x007fffffu) + 0x3f3504f3u) - 1.0;
  let s = f / (2.0 + f);
  let z = s * s;
  let p = z * (0.66666662693 + z * (0.40000972152 + z * (0.28498786688 + z * 0.24279078841)));
  let square = 0.5 * f * f;
  let y = k * 6.9313812256e-1 - ((square - (s * (square + p) + k * 9.0580006145e-6)) - f);
  // Infinity and NaN are themselves, negative numbers NaN, zeros -Infinity.
  let other = select(x, bitcast<f32>(uniforms.nan), bits > 0x80000000u && !is_nan(x));
  let odd = select(other, bitcast<f32>(0x80000000u | uniforms.infinity), is_zero(x));
  return select(y, odd, bits >= 0x7f800000u || is_zero(x));
}
fn log1p_of(x: f32) -> f32 {
  if (abs(x) > 0.3 || is_nan(x)) { return log_of(1.0 + x); }
  let s = x / (2.0 + x);
  let q = s * s;
  return 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q / 9.0))));
}`;

/**
 * x = (quadrant + turn) π / 2. From π / 4 on, by the method of Payne and Hanek (1983): the bits of
 * 1 / 2π that count for x times its 24 bits, in whole numbers; what is left has all its digits.
 */
const ANGLE = `
const TURNS = array<u32, 7>(0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u,
  0x4f10e410u, 0x7f9458eau);
fn wide_product(a: u32, b: u32) -> vec2<u32> { // high and low word
  let low = (a & 0xffffu) * (b & 0xffffu);
  let cross = (a & 0xffffu) * (b >> 16u);
  let other = (a >> 16u) * (b & 0xffffu);
  let middle = (low >> 16u) + (cross & 0xffffu) + (other & 0xffffu);
  let high = (a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u) + (middle >> 16u);
  return vec2<u32>(high, (low & 0xffffu) | (middle << 16u));
}
struct Angle { quadrant: u32, rest: f32 }
fn angle_of(x: f32) -> Angle { // of |x|
  let size = abs(x);
  if (size < 0.78539816) { return Angle(0u, size); }
  let bits = bitcast<u32>(size);
  if (bits >= 0x7f800000u) { return Angle(0u, select(bitcast<f32>(uniforms.nan), x, is_nan(x))); }
  let digits = (bits << 8u) | 0x80000000u;
  let exponent = (bits >> 23u) - 126u;
  let word = exponent >> 5u;
  let shift = exponent & 31u;
  var turns = TURNS;
  var part = vec4<u32>(0u, turns[word], turns[word + 1u], turns[min(word + 2u, 6u)]);
  if (word > 0u) { part.x = turns[word - 1u]; }
  if (shift > 0u) {
    part = (part << vec4<u32>(shift)) | (vec4<u32>(part.yzw, 0u) >> vec4<u32>(32u - shift));
  }
  let middle = wide_product(digits, part.y);
  var low = middle.y + wide_product(digits, part.z).x;
  var high = middle.x + digits * part.x + select(0u, 1u, low < middle.y);
  // Two bits of quadrant, rounded to the nearest; the rest has a sign.
  let quadrant = (high >> 30u) + ((high >> 29u) & 1u);
  high = (high << 2u) | (low >> 30u);
  low = low << 2u;
  let negative = (high >> 31u) == 1u;
  if (negative) {
    low = ~low + 1u;
    high = ~high + select(0u, 1u, low == 0u);
  }
  let zeros = select(countLeadingZeros(high), 32u + countLeadingZeros(low), high == 0u);
  var top = low << (zeros & 31u);
  if (zeros < 32u) { top = (high << zeros) | select(0u, low >> (32u - zeros), zeros > 0u); }
  let coarse = f32(top & 0xffffff00u);
  let rest = (coarse * 1.5707964 + (f32(top & 0xffu) * 1.5707964 - coarse * 4.371139e-8)) *
    power_of_two(-32 - i32(zeros));
  return Angle(quadrant & 3u, select(rest, -rest, negative));
}
fn sine(r: f32) -> f32 {
  let z = r * r;
  let p = (-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1;
  return p * z * r + r;
}
fn cosine(r: f32) -> f32 {
  let z = r * r;
  let p = (2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2;
  return p * z * z - 0.5 * z + 1.0;
}`;

/** Of |x| ≤ ½, arcsin(x) = x + x · ratio(x²), by fdlibm. */
const ARC = `
fn arc_ratio(z: f32) -> f32 {
  return z * (1.6666586697e-1 + z * (-4.2743422091e-2 + z * -8.6563630030e-3)) /
    (1.0 - 7.0662963390e-1 * z);
}`;

/** Each function's own text, and what it needs. */
const FUNCTIONS = {
  exp: [EXP, ""],
  expm1: [EXP, ""],
  log: [LOG, ""],
  log1p: [LOG, ""],
  tanh: [
    EXP,
    `fn tanh_of(x: f32) -> f32 {
  let t = expm1_of(2.0 * min(abs(x), 20.0));
  return select(with_sign(t / (t + 2.0), x), x, is_nan(x));
}`,
  ],
  sigmoid: [EXP, "fn sigmoid_of(x: f32) -> f32 { return 1.0 / (1.0 + exp_of(-x)); }"],
  softplus: [
    EXP + LOG,
    `fn softplus_of(x: f32) -> f32 {
  return select(max(x, 0.0) + log1p_of(exp_of(-abs(x))), x, is_nan(x));
}`,
  ],
  elu: [EXP, "fn elu_of(x: f32) -> f32 { return select(x, expm1_of(x), x < 0.0); }"],
  selu: [
    EXP,
    `fn selu_of(x: f32) -> f32 {
  return select(1.0507009873554805 * x, 1.7580993408473766 * expm1_of(x), x < 0.0);
}`,
  ],
  sinh: [
    EXP,
    `fn sinh_of(x: f32) -> f32 {
  let size = abs(x);
  let t = expm1_of(min(size, 1.0));
  let e = half_exp_of(size);
  let y = select(e - 0.25 / e, 0.5 * (t + t / (t + 1.0)), size < 1.0);
  return select(with_sign(y, x), x, is_nan(x));
}`,
  ],
  cosh: [
    EXP,
    "fn cosh_of(x: f32) -> f32 { let e = half_exp_of(abs(x)); return e + 0.25 / e; }",
  ],
  asinh: [
    LOG,
    `fn asinh_of(x: f32) -> f32 {
  let size = abs(x);
  let s = min(size, 4096.0);
  let near = log1p_of(s + s * s / (1.0 + sqrt(1.0 + s * s)));
  let y = select(near, log_of(size) + 0.69314718, size > 4096.0);
  return select(with_sign(y, x), x, is_nan(x));
}`,
  ],
  acosh: [
    LOG,
    `fn acosh_of(x: f32) -> f32 {
  if (x < 1.0) { return bitcast<f32>(uniforms.nan); }
  let t = min(x, 4096.0) - 1.0;
  let near = log1p_of(t + sqrt(t * (2.0 + t)));
  return select(near, log_of(x) + 0.69314718, x > 4096.0 || is_nan(x));
}`,
  ],
  atanh: [
    LOG,
    `fn atanh_of(x: f32) -> f32 {
  let size = abs(x);
  let twice = 2.0 * size;
  let inner = select(twice / (1.0 - size), twice + twice * size / (1.0 - size), size < 0.5);
  if (size == 1.0) { return with_sign(bitcast<f32>(uniforms.infinity), x); }
  return select(with_sign(0.5 * log1p_of(inner), x), bitcast<f32>(uniforms.nan), size > 1.0);
}`,
  ],
  sin: [
    ANGLE,
    `fn sin_of(x: f32) -> f32 {
  let a = angle_of(x);
  let y = select(sine(a.rest), cosine(a.rest), (a.quadrant & 1u) == 1u);
  let turned = select(y, -y, (a.quadrant & 2u) == 2u);
  return select(turned, -turned, (bitcast<u32>(x) >> 31u) == 1u);
}`,
  ],
  cos: [
    ANGLE,
    `fn cos_of(x: f32) -> f32 {
  let a = angle_of(x);
  let y = select(cosine(a.rest), sine(a.rest), (a.quadrant & 1u) == 1u);
  return select(y, -y, a.quadrant == 1u || a.quadrant == 2u);
}`,
  ],
  tan: [
    ANGLE,
    `fn tan_of(x: f32) -> f32 {
  let a = angle_of(x);
  let z = a.rest * a.rest;
  let p = ((((9.38540185543e-3 * z + 3.11992232697e-3) * z + 2.44301354525e-2) * z +
    5.34112807005e-2) * z + 1.33387994085e-1) * z + 3.33331568548e-1;
  let t = p * z * a.rest + a.rest;
  let y = select(t, -1.0 / t, (a.quadrant & 1u) == 1u);
  return select(y, -y, (bitcast<u32>(x) >> 31u) == 1u);
}`,
  ],
  asin: [
    ARC,
    `fn asin_of(x: f32) -> f32 {
  let size = abs(x);
  if (size > 1.0) { return bitcast<f32>(uniforms.nan); }
  let z = select(0.5 * (1.0 - size), size * size, size < 0.5);
  let s = select(sqrt(z), size, size < 0.5);
  let y = s + s * arc_ratio(z);
  let far = 1.57079637 - (2.0 * y + 4.37113883e-8);
  return select(with_sign(select(far, y, size < 0.5), x), x, is_nan(x));
}`,
  ],
  acos: [
    ARC,
    `fn acos_of(x: f32) -> f32 {
  let size = abs(x);
  if (size > 1.0) { return bitcast<f32>(uniforms.nan); }
  let z = select(0.5 * (1.0 - size), size * size, size < 0.5);
  let s = select(sqrt(z), size, size < 0.5);
  let y = s + s * arc_ratio(z);
  let near = 1.57079637 - (with_sign(y, x) + 4.37113883e-8);
  let far = select(2.0 * y, 3.14159274 - (2.0 * y + 8.74227766e-8), x < 0.0);
  return select(select(far, near, size < 0.5), x, is_nan(x));
}`,
  ],
  atan: [
    "",
    `fn atan_of(x: f32) -> f32 {
  let size = abs(x);
  let upper = size > 2.41421356;
  let middle = size > 0.41421356;
  let r = select(select(size, (size - 1.0) / (size + 1.0), middle), -1.0 / size, upper);
  let z = r * r;
  let p = ((8.05374449538e-2 * z - 1.38776856032e-1) * z + 1.99777106478e-1) * z -
    3.33329491539e-1;
  let base = select(select(0.0, 0.78539816, middle), 1.57079633, upper);
  return select(with_sign(base + (p * z * r + r), x), x, is_nan(x));
}`,
  ],
  erf: [
    EXP,
    `fn erf_of(x: f32) -> f32 {
  let size = abs(x);
  let z = x * x;
  let near = size * ((((((7.853861353153693e-5 * z - 8.010193625184903e-4) * z +
    5.188327685732524e-3) * z - 2.685381193529856e-2) * z + 1.128358514861418e-1) * z -
    3.761262582423300e-1) * z + 1.128379165726710);
  let q = 1.0 / max(size, 1.0);
  let w = q * q;
  let p = (((((((2.326819970068386e-2 * w - 1.387039388740657e-1) * w + 3.687424674597105e-1) * w -
    5.824733027278666e-1) * w + 6.210004621745983e-1) * w - 4.944515323274145e-1) * w +
    3.404879937665872e-1) * w - 2.741127028184656e-1) * w + 5.638259427386472e-1;
  let far = 1.0 - exp_of(-min(z, 25.0)) * q * p;
  let y = select(select(near, far, size >= 1.0), 1.0, size > 4.0);
  return select(with_sign(y, x), x, is_nan(x));
}`,
  ],
} as const;

/** The uniforms that the texts read, apart from those of `exp` and what is made of it. */
export const SPECIAL = { infinity: 0x7f800000, nan: 0x7fc00000 } as const;

/**
 * WGSL that defines functions, each `<name>_of(x: f32) -> f32`.
 *
 * @param names which; what they need in common is defined once
 */
export function functionText(...names: readonly FunctionName[]): string {
  const texts = new Set<string>(names.flatMap((name) => FUNCTIONS[name]));
  return BASIS + [...texts].join("\n");
}

/**
 * An expression of a function of the number `x`, or of the four of a vector.
 *
 * @param name of the WGSL function
 * @param wide whether `x` is a vector
 */
export function applied(name: string, wide: boolean): string {
  if (!wide) return `${name}(x)`;
  return `vec4<f32>(${["x", "y", "z", "w"].map((part) => `${name}(x.${part})`).join(", ")})`;
}
