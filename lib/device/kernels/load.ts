// WGSL for reading tensors, however they are held: one number, or neighbors as a vector.

/**
 * A function that reads at a place that is always inside.
 *
 * @param index the place of the number, or of the first of four
 * @param quads whether four are read
 */
export function loadFlat(head: string, name: string, index: string, quads: unknown): string {
  return quads
    ? `${head} -> vec4<f32> { return ${name}_quad((${index}) / 4u); }`
    : `${head} -> f32 { return ${name}_at(${index}); }`;
}

/**
 * An expression that reads where `inside` holds, and is zero elsewhere.
 *
 * @param index the place of the number, or of the first of four, an `i32`
 * @param quads whether four are read
 */
export function inside(name: string, index: string, quads: unknown): string {
  const safe = `u32(select(0, ${index}, inside))`;
  return quads
    ? `select(vec4<f32>(), ${name}_quad(${safe} / 4u), inside)`
    : `select(0.0, ${name}_at(${safe}), inside)`;
}

/**
 * `loadA` of a convolution's input: the number at `r.base` plus an offset, zero
 * where the window reaches over the edge.
 *
 * @param offset the place from the row's base
 * @param padded whether a window may reach over the edge
 * @param quads whether four are read
 */
export function loadPatch(name: string, offset: string, padded: boolean, quads: unknown): string {
  const index = `r.base + ${offset}`;
  const head = "fn loadA(r: Row, s: Step)";
  if (!padded) return loadFlat(head, name, `u32(${index})`, quads);
  return `${head} -> ${quads ? "vec4<f32>" : "f32"} {
  let inside = (u32(r.y + s.y) < uniforms.inHeight) & (u32(r.x + s.x) < uniforms.inWidth);
  return ${inside(name, index, quads)};
}`;
}

/** The type of `width` numbers. */
export function vectorType(width: number): string {
  return width === 1 ? "f32" : `vec${width}<f32>`;
}

/** Number `i` of a variable of `width` numbers. */
export function component(name: string, width: number, i: number): string {
  return width === 1 ? name : `${name}[${i}]`;
}

/** An expression that reads `width` neighbors from a place on, which four have at a multiple of four. */
export function loadVector(name: string, width: number, from: string): string {
  if (width === 4) return `${name}_quad((${from}) / 4u)`;
  const numbers = Array.from({ length: width }, (_, i) => `${name}_at(${from} + ${i}u)`);
  return `${vectorType(width)}(${numbers.join(", ")})`;
}
