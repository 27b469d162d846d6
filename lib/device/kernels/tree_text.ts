// Programs over many tensors: each workgroup does a part of one of them.

/** Invocations of a workgroup. */
export const WORKGROUP = 64;

/** Invocations that software adapters compute as one vector. */
const LANES = 8;

/** How a workgroup walks through its part of a tensor. */
type Walk = {
  /** Numbers, or vectors, that an invocation steps through, and how far apart they are. */
  readonly rounds: number;
  readonly step: number;
  /** WGSL: where in the part the invocation begins. */
  readonly first: string;
};

/**
 * On GPUs neighboring invocations take neighboring numbers. A software adapter computes a vector of
 * invocations after the other, so that each vector takes a run of its own: tensors larger than the
 * caches take 2.5 times as long where each steps through all of the part. It also runs the code of
 * every tensor of a dispatch in each workgroup, with all lanes off for those of others: the longer the
 * workgroup's own work, the less that counts.
 */
function walkOf(software: boolean): Walk {
  if (!software) return { rounds: 16, step: WORKGROUP, first: "local" };
  const rounds = 32;
  return {
    rounds,
    step: LANES,
    first: `local / ${LANES}u * ${LANES * rounds}u + local % ${LANES}u`,
  };
}

/** How often a loop over a tensor's numbers, or vectors, is run by itself. */
export type TreeItem = {
  readonly size: number;
  /** Names of the tensors that are read and written, without the item's number. */
  readonly read: readonly string[];
  readonly written: readonly string[];
  /** WGSL between reading and writing: each tensor is a variable of its name. */
  readonly text: string;
  /** The tensors' number, which follows their names. Default: the item's own. */
  readonly tensor?: number;
  /** Of which of the ranges that the tensors are bound in the item is, if they are in several. */
  readonly range?: number;
};

/**
 * Software adapters read smaller tensors number by number: that takes a third of the text to compile,
 * and the programs of tensors of all sizes have the same.
 */
const LARGE = 1 << 16;

/**
 * Whether an item's tensors are read by fours.
 *
 * @param software whether the adapter computes on the CPU
 */
export function isWide(software: boolean, { size }: Pick<TreeItem, "size">): boolean {
  return size % 4 === 0 && (!software || size >= LARGE);
}

/**
 * What a dispatch over tensors takes: their lengths, how many workgroups each, and invocations.
 *
 * @param software whether the adapter computes on the CPU
 */
export function treeUniforms(software: boolean, items: readonly Pick<TreeItem, "size">[]): {
  readonly uniforms: Readonly<Record<string, number>>;
  readonly invocations: number;
} {
  const lengths = items.map((item) => isWide(software, item) ? item.size / 4 : item.size);
  const groups = lengths.map((length) => Math.ceil(length / (WORKGROUP * walkOf(software).rounds)));
  return {
    uniforms: {
      ...Object.fromEntries(lengths.map((length, i) => [`length${i}`, length])),
      ...Object.fromEntries(groups.map((count, i) => [`groups${i}`, count])),
    },
    invocations: groups.reduce((sum, count) => sum + count, 0) * WORKGROUP,
  };
}

/**
 * WGSL for all tensors of a dispatch, given `index` and `local`.
 *
 * @param software whether the adapter computes on the CPU
 */
export function treeText(software: boolean, items: readonly TreeItem[]): string {
  const walk = walkOf(software);
  return `var group = index / ${WORKGROUP}u;
  let first = ${walk.first};${
    items.map((item, i) => itemText(walk, item, i, isWide(software, item))).join("\n")
  }`;
}

/** A workgroup's part of one tensor: nothing where it belongs to another. */
function itemText({ rounds, step }: Walk, item: TreeItem, i: number, wide: boolean): string {
  const type = wide ? "vec4<f32>" : "f32";
  const { read, written, text, tensor = i, range } = item;
  const get = (name: string): string =>
    range === undefined
      ? `${name}${tensor}_${wide ? "quad" : "at"}(at)`
      : `${name}${tensor}_${range}[at]`;
  const put = (name: string): string =>
    range === undefined ? `${name}${tensor}_put(at, ${name});` : `${get(name)} = ${name};`;
  return `
  {
    let begin = group * ${WORKGROUP * rounds}u + first;
    let last = min(begin + ${(rounds - 1) * step + 1}u, uniforms.length${i});
    let end = select(0u, last, group < uniforms.groups${i});
    for (var at = begin; at < end; at += ${step}u) {
      ${read.map((name) => `var ${name} = ${get(name)};`).join(" ")}
      ${
    written.filter((name) => !read.includes(name)).map((name) => `var ${name}: ${type};`).join(" ")
  }
      ${text}
      ${written.map(put).join(" ")}
    }
    // Of the groups before this tensor's there are none left: they wrap around, beyond all others.
    group -= uniforms.groups${i};
  }`;
}
