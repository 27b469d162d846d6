// Affine maps of images on the GPU: an invocation a pixel, which reads its four, or sums over those that read it.
import type { WarpAttributes } from "../../tensor/affine_host.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { floatBits } from "./float_bits.ts";
import { runProgram } from "./program.ts";

/** A pixel with its image's map, and where a pixel of the result looks. */
const MAP = `
struct Pixel { x: i32, y: i32, base: u32, map: u32 }
fn pixel_of(index: u32) -> Pixel {
  let row = index / uniforms.width;
  let image = row / uniforms.height;
  return Pixel(i32(index % uniforms.width), i32(row % uniforms.height),
    image * uniforms.height * uniforms.width, image * uniforms.map_step);
}
fn looks_at(p: Pixel, x: f32, y: f32) -> vec2<f32> {
  return vec2<f32>(map_at(p.map) * x + map_at(p.map + 1u) * y + map_at(p.map + 2u),
    map_at(p.map + 3u) * x + map_at(p.map + 4u) * y + map_at(p.map + 5u));
}`;

/** The place in a row of \`size\` pixels that its mirror images show at \`at\`. */
const REFLECTED = `
fn reflected(at: i32, size: i32) -> i32 {
  let period = 2 * (size - 1);
  let within = ((at % period) + period) % period;
  return min(within, period - within);
}`;

const READ = (reflects: boolean): string => `
${reflects ? REFLECTED : ""}
fn tap(p: Pixel, x: i32, y: i32, channel: u32) -> f32 {
  let width = i32(uniforms.width);
  let height = i32(uniforms.height);
  ${
  reflects
    ? "let place = vec2<i32>(reflected(x, width), reflected(y, height));"
    : `if (x < 0 || y < 0 || x >= width || y >= height) { return bitcast<f32>(uniforms.outside); }
  let place = vec2<i32>(x, y);`
}
  return images_at((p.base + u32(place.y * width + place.x)) * uniforms.channels + channel);
}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let p = pixel_of(index);
  let at = looks_at(p, f32(p.x), f32(p.y));
  let first = vec2<i32>(floor(at));
  let share = at - floor(at);
  for (var c = 0u; c < uniforms.channels; c++) {
    let above = mix(tap(p, first.x, first.y, c), tap(p, first.x + 1, first.y, c), share.x);
    let below = mix(tap(p, first.x, first.y + 1, c), tap(p, first.x + 1, first.y + 1, c), share.x);
    result_put(index * uniforms.channels + c, mix(above, below, share.y));
  }
}`;

/**
 * A pixel is seen where it is, and where its mirror images are: at ± its place, and whole
 * periods on. Which pixels of the result look within one pixel of such a place, the inverse map
 * says, and \`looks_at\` decides.
 */
const GATHER = (reflects: boolean): string => `
fn share_of(distance: vec2<f32>) -> f32 {
  let near = max(vec2<f32>(0.0), vec2<f32>(1.0) - abs(distance));
  return near.x * near.y;
}
const MOST_CHANNELS = 4u;
var<private> sums: array<f32, MOST_CHANNELS>;
fn gather(p: Pixel, lead: u32, channels: u32, place: vec2<f32>) {
  let a = map_at(p.map); let b = map_at(p.map + 1u);
  let d = map_at(p.map + 3u); let e = map_at(p.map + 4u);
  let determinant = a * e - b * d;
  let last = vec2<f32>(f32(uniforms.width - 1u), f32(uniforms.height - 1u));
  var low = vec2<f32>(0.0);
  var high = last;
  if (abs(determinant) > 1e-6) {
    let off = place - vec2<f32>(map_at(p.map + 2u), map_at(p.map + 5u));
    let middle = vec2<f32>(e * off.x - b * off.y, a * off.y - d * off.x) / determinant;
    let reach = vec2<f32>(abs(e) + abs(b), abs(a) + abs(d)) / abs(determinant) + 0.01;
    low = max(low, ceil(middle - reach));
    high = min(high, floor(middle + reach));
  }
  for (var y = low.y; y <= high.y; y += 1.0) {
    for (var x = low.x; x <= high.x; x += 1.0) {
      let share = share_of(looks_at(p, x, y) - place);
      if (share > 0.0) {
        let seen = (p.base + u32(y) * uniforms.width + u32(x)) * uniforms.channels + lead;
        for (var c = 0u; c < channels; c++) { sums[c] += share * dy_at(seen + c); }
      }
    }
  }
}
${reflects ? MIRRORS : ""}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let p = pixel_of(index);
  for (var lead = 0u; lead < uniforms.channels; lead += MOST_CHANNELS) {
    let channels = min(MOST_CHANNELS, uniforms.channels - lead);
    for (var c = 0u; c < channels; c++) { sums[c] = 0.0; }
    ${
  reflects
    ? "gather_mirrors(p, lead, channels);"
    : "gather(p, lead, channels, vec2<f32>(f32(p.x), f32(p.y)));"
}
    for (var c = 0u; c < channels; c++) { result_put(index * uniforms.channels + lead + c, sums[c]); }
  }
}`;

/** The places of a pixel's mirror images among those that are looked at. */
const MIRRORS = `
fn gather_mirrors(p: Pixel, lead: u32, channels: u32) {
  let last = vec2<f32>(f32(uniforms.width - 1u), f32(uniforms.height - 1u));
  let corners = array<vec2<f32>, 4>(looks_at(p, 0.0, 0.0), looks_at(p, last.x, 0.0),
    looks_at(p, 0.0, last.y), looks_at(p, last.x, last.y));
  let low = min(min(corners[0], corners[1]), min(corners[2], corners[3])) - 1.01;
  let high = max(max(corners[0], corners[1]), max(corners[2], corners[3])) + 1.01;
  let period = 2.0 * last;
  let own = vec2<f32>(f32(p.x), f32(p.y));
  for (var my = 0; my < 2; my++) {
    let y = select(own.y, -own.y, my == 1);
    if (my == 1 && (own.y == 0.0 || own.y == last.y)) { continue; }
    for (var mx = 0; mx < 2; mx++) {
      let x = select(own.x, -own.x, mx == 1);
      if (mx == 1 && (own.x == 0.0 || own.x == last.x)) { continue; }
      for (var ky = ceil((low.y - y) / period.y); y + ky * period.y <= high.y; ky += 1.0) {
        for (var kx = ceil((low.x - x) / period.x); x + kx * period.x <= high.x; kx += 1.0) {
          gather(p, lead, channels, vec2<f32>(x + kx * period.x, y + ky * period.y));
        }
      }
    }
  }
}`;

/** The kernel function of the map, the same for any adapter. */
export function warpImages(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) =>
    run(backend as GuardedBackend, "Warp", READ, inputs.images!, inputs, attrs);
}

/** The kernel function of its gradient by the images, the same for any adapter. */
export function warpImagesGradient(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) =>
    run(backend as GuardedBackend, "WarpGrad", GATHER, inputs.dy!, inputs, attrs);
}

function run(
  backend: GuardedBackend,
  operation: string,
  text: (reflects: boolean) => string,
  { shape }: tf.TensorInfo,
  inputs: Parameters<tf.KernelConfig["kernelFunc"]>[0]["inputs"],
  attrs: Parameters<tf.KernelConfig["kernelFunc"]>[0]["attrs"],
): tf.TensorInfo {
  const { reflects, outside } = attrs as unknown as WarpAttributes;
  const [count, height, width, channels] = shape as [number, number, number, number];
  return runProgram(backend, {
    operation,
    variant: reflects ? "reflect" : "outside",
    results: { result: shape },
    inputs: inputs as Record<string, tf.TensorInfo>,
    uniforms: {
      count: count * height * width,
      height,
      width,
      channels,
      map_step: inputs.map!.shape[0] === count && inputs.map!.shape.length === 2 ? 6 : 0,
      outside: floatBits(outside),
    },
    code: `${MAP}\n${text(reflects)}`,
    invocations: count * height * width,
    workgroup: 64,
  })[0]!;
}
