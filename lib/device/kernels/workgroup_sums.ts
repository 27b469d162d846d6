// Sums on GPUs: a workgroup takes a stretch of rows, each invocation some of them, and adds up by a tree.
import { each } from "./tiles.ts";

/**
 * How rows of `strips` numbers or fours are laid over workgroups: each takes a stretch of rows of
 * `across` strips, `down` rows at a time.
 */
export type Stretches = {
  readonly across: number;
  readonly down: number;
  readonly workgroup: number;
  /** Workgroups side by side. */
  readonly blocks: number;
  /** Rows of a stretch, and how many stretches there are. */
  readonly each: number;
  readonly stretches: number;
};

/** Workgroups that keep a GPU busy. */
const BUSY = 640;

/** The most rows of an invocation, and the fewest that are worth a stretch of their own. */
const MOST_ROWS = 64;
const LEAST_ROWS = 8;

/**
 * Cuts rows into stretches.
 *
 * @param sums how many such sums there are besides the strips
 */
export function stretchesOf(rows: number, strips: number, sums = 1): Stretches {
  const across = Math.min(16, 2 ** Math.ceil(Math.log2(strips)));
  const workgroup = rows * across > 64 * LEAST_ROWS ? 256 : 64;
  const down = workgroup / across;
  const blocks = Math.ceil(strips / across);
  const wanted = Math.ceil(BUSY / (sums * blocks));
  const least = Math.ceil(rows / (MOST_ROWS * down));
  const most = Math.ceil(rows / (LEAST_ROWS * down));
  const each = Math.ceil(rows / (least === 1 ? 1 : Math.max(least, Math.min(wanted, most))));
  return { across, down, workgroup, blocks, each, stretches: Math.ceil(rows / each) };
}

/** The numbers that {@linkcode placeText} reads, and `rows`, `strips`. */
export function stretchUniforms(
  { blocks, each, stretches }: Stretches,
  rows: number,
  strips: number,
): Record<string, number> {
  return { rows, strips, blocks, each, stretches };
}

/** WGSL that finds the invocation's strip `c`, and its rows `d`, `d` + `down` … of `stretch`. */
export function placeText({ across, down }: Stretches): string {
  return `let c = (group % uniforms.blocks) * ${across}u + local % ${across}u;
  let d = local / ${across}u;
  let stretch = (group / uniforms.blocks) % uniforms.stretches;
  let outer = group / (uniforms.blocks * uniforms.stretches);
  let begin = stretch * uniforms.each;
  let end = select(0u, min(begin + uniforms.each, uniforms.rows), c < uniforms.strips);
  let step = ${down}u;`;
}

/** WGSL that runs statements for each row `n` of the invocation, from `first` on: of four, all loads may be on their way. */
export function eachRowText(first: string, add: (n: string) => string): string {
  return `var n = ${first};
  for (; n + 3u * step < end; n += 4u * step) {
    ${each(4, (k) => add(`n + ${k}u * step`))}
  }
  for (; n < end; n += step) { ${add("n")} }`;
}

/**
 * WGSL of a tree: joins what lies at `local` of workgroup memory with what lies `distance`
 * further, in halves, until the first `across` invocations have it all. All must reach it; `d` is
 * the invocation's number among those of its strip.
 */
export function treeText(
  { across, down }: Pick<Stretches, "across" | "down">,
  join: (one: string, other: string) => string,
): string {
  const halves: number[] = [];
  for (let half = down / 2; half >= 1; half /= 2) halves.push(half);
  return `workgroupBarrier();
  ${
    halves.map((half) =>
      `if (d < ${half}u) { ${join("local", `local + ${half * across}u`)} }
  workgroupBarrier();`
    ).join("\n  ")
  }`;
}

/**
 * WGSL of a program that adds up terms of each row.
 *
 * @param type of the sums, `f32` or `vec4<f32>`
 * @param names of the sums
 * @param before statements, given strip `c` and the number `outer` of the sum
 * @param add adds the terms of row `n` to all sums
 * @param store writes the sums at last, of `stretch`
 */
export function workgroupSumsText(
  stretches: Stretches,
  type: string,
  names: readonly string[],
  before: string,
  add: (n: string) => string,
  store: string,
): string {
  const { workgroup, across } = stretches;
  return `
${names.map((name) => `var<workgroup> ${name}Shared: array<${type}, ${workgroup}>;`).join("\n")}
fn main(group: u32, local: u32) {
  ${placeText(stretches)}
  ${names.map((name) => `var ${name} = ${type}();`).join(" ")}
  ${before}
  ${eachRowText("begin + d", add)}
  ${names.map((name) => `${name}Shared[local] = ${name};`).join(" ")}
  ${
    treeText(
      stretches,
      (i, j) => names.map((name) => `${name}Shared[${i}] += ${name}Shared[${j}];`).join(" "),
    )
  }
  if (local < ${across}u && c < uniforms.strips) {
    ${names.map((name) => `${name} = ${name}Shared[local];`).join(" ")}
    ${store}
  }
}`;
}
