// Programs over many tensors: each workgroup does a part of one of them.

/** Invocations of a workgroup. */
export const WORKGROUP = 64;

/**
 * Numbers, or vectors, that an invocation steps through. A software adapter runs the code of every
 * tensor of a dispatch in each workgroup, with all lanes off for those of others: the longer the
 * workgroup's own work, the less that counts.
 */
const ROUNDS = 16;

/** Numbers, or vectors, that a workgroup does. */
const PART = WORKGROUP * ROUNDS;

/** How often a loop over a tensor's numbers, or vectors, is run by itself. */
export type TreeItem = {
  readonly size: number;
  /** Names of the tensors that are read and written, without the item's number. */
  readonly read: readonly string[];
  readonly written: readonly string[];
  /** WGSL between reading and writing: each tensor is a variable of its name. */
  readonly text: string;
};

/** Whether an item's tensors are read by fours. */
export function isWide({ size }: Pick<TreeItem, "size">): boolean {
  return size % 4 === 0;
}

/** What a dispatch over tensors takes: their lengths, how many workgroups each, and invocations. */
export function treeUniforms(items: readonly Pick<TreeItem, "size">[]): {
  readonly uniforms: Readonly<Record<string, number>>;
  readonly invocations: number;
} {
  const lengths = items.map((item) => isWide(item) ? item.size / 4 : item.size);
  const groups = lengths.map((length) => Math.ceil(length / PART));
  return {
    uniforms: {
      ...Object.fromEntries(lengths.map((length, i) => [`length${i}`, length])),
      ...Object.fromEntries(groups.map((count, i) => [`groups${i}`, count])),
    },
    invocations: groups.reduce((sum, count) => sum + count, 0) * WORKGROUP,
  };
}

/** WGSL for all tensors of a dispatch, given `index` and `local`. */
export function treeText(items: readonly TreeItem[]): string {
  return `var group = index / ${WORKGROUP}u;${items.map(itemText).join("\n")}`;
}

/** A workgroup's part of one tensor: nothing where it belongs to another. */
function itemText(item: TreeItem, i: number): string {
  const reader = isWide(item) ? "quad" : "at";
  const type = isWide(item) ? "vec4<f32>" : "f32";
  const { read, written, text } = item;
  return `
  {
    let begin = group * ${PART}u;
    let end = select(0u, min(begin + ${PART}u, uniforms.length${i}), group < uniforms.groups${i});
    for (var at = begin + local; at < end; at += ${WORKGROUP}u) {
      ${read.map((name) => `var ${name} = ${name}${i}_${reader}(at);`).join(" ")}
      ${
    written.filter((name) => !read.includes(name)).map((name) => `var ${name}: ${type};`).join(" ")
  }
      ${text}
      ${written.map((name) => `${name}${i}_put(at, ${name});`).join(" ")}
    }
    // Of the groups before this tensor's there are none left: they wrap around, beyond all others.
    group -= uniforms.groups${i};
  }`;
}
