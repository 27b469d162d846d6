// What a wave of a kernel does, by the compiler's assembly: its loops, and what each turn of them costs.

/** What instructions cost a wave of 64 on a SIMD of RDNA 2, in cycles. */
export type Cost = {
  /** Of each unit, its share of a turn; the largest is what a SIMD full of waves needs. */
  readonly valu: number;
  readonly lds: number;
  readonly global: number;
  readonly scalar: number;
  /** Cycles that it waits for what it asked for, where no other wave fills them. */
  readonly waits: number;
};

/** A loop, or the whole kernel: what is in it outside of the loops in it, and these. */
export type Part = {
  readonly own: Cost;
  readonly loops: readonly Part[];
  /** Whether it only clears workgroup memory, which the compiler has added. */
  readonly clears: boolean;
};

/** As in ../shared/gpu/figures.py, whose figures of single loops are the table's. */
const FULL_RATE = 2;
const QUARTER_RATE = 8;
const DWORD = 4;
const LATENCY = { lds: 64, global: 400, scalar: 100 } as const;
const SLOW = /v_(rcp|rsq|sqrt|exp|log|sin|cos)_|v_mul_(lo|hi)_|v_mad_[ui]64|_[fbui]64/;

type Instruction = { readonly op: string; readonly rest: string };
type Block = { readonly name: string; readonly lines: Instruction[] };

function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  for (const raw of text.split("\nasm\n")[1]!.split("\n")) {
    const line = raw.split(";")[0]!.trim();
    const name = /^(BB\d+):$/.exec(line)?.[1];
    if (name) blocks.push({ name, lines: [] });
    const [op, ...rest] = line.split(/\s+/);
    if (name || !op || /^representation/.test(line)) continue;
    blocks.at(-1)?.lines.push({ op: op.replace(/_(e32|e64|sdwa|dpp)$/, ""), rest: rest.join(" ") });
  }
  return blocks;
}

function dwordsOf(op: string): number {
  if (!op.startsWith("ds_")) return Number(/dwordx(\d)/.exec(op)?.[1] ?? 1);
  const bits = Number(/_[bui](\d+)$/.exec(op)?.[1] ?? 32);
  return (/read2|write2/.test(op) ? 2 : 1) * Math.max(1, bits >> 5);
}

function costOf(lines: readonly Instruction[]): Cost {
  const cost = { valu: 0, lds: 0, global: 0, scalar: 0, waits: 0 };
  const pending = new Set<keyof typeof LATENCY>();
  for (const { op, rest } of lines) {
    const isWait = op.startsWith("s_waitcnt");
    if (op.startsWith("v_")) cost.valu += SLOW.test(op) ? QUARTER_RATE : FULL_RATE;
    else if (op.startsWith("ds_")) {
      cost.lds += DWORD * dwordsOf(op);
      if (!op.includes("write")) pending.add("lds");
    } else if (/^(buffer|global|flat|image|scratch)_/.test(op)) {
      cost.global += DWORD * dwordsOf(op);
      if (!op.includes("store")) pending.add("global");
    } else {
      cost.scalar++;
      if (/^s_(buffer_)?load/.test(op)) pending.add("scalar");
    }
    const wait = (kind: keyof typeof LATENCY): void => {
      if (pending.delete(kind)) cost.waits += LATENCY[kind];
    };
    if (isWait && rest.includes("vmcnt")) wait("global");
    if (isWait && rest.includes("lgkmcnt")) {
      if (pending.has("lds")) pending.delete("scalar");
      wait(pending.has("lds") ? "lds" : "scalar");
    }
  }
  return cost;
}

/**
 * Reads what `pipeline_stats` prints.
 *
 * @returns the kernel
 */
export function readAssembly(text: string): Part {
  const blocks = blocksOf(text);
  const at = new Map(blocks.map(({ name }, i) => [name, i]));
  const ends = new Map<number, number>();
  for (const [i, { lines }] of blocks.entries()) {
    for (const { op, rest } of lines) {
      const to = at.get(rest);
      if (/^s_c?branch/.test(op) && to !== undefined && to <= i) {
        ends.set(to, Math.max(ends.get(to) ?? i, i));
      }
    }
  }
  const spans = [...ends].sort(([a], [b]) => a - b);
  const partOf = (begin: number, end: number): Part => {
    const inner = spans.filter(([b, e]) => begin <= b && e <= end && (b !== begin || e !== end));
    const direct = inner.filter(([b, e]) =>
      !inner.some(([c, f]) => (c !== b || f !== e) && c <= b && e <= f)
    );
    const own = blocks.slice(begin, end + 1).filter((_, i) =>
      !direct.some(([b, e]) => b <= begin + i && begin + i <= e)
    );
    const lines = own.flatMap((block) => block.lines);
    const memory = lines.filter(({ op }) => /^(ds|buffer|global|s_buffer_load)/.test(op));
    return {
      own: costOf(lines),
      loops: direct.map(([b, e]) => partOf(b, e)),
      clears: memory.length > 0 && memory.every(({ op }) => op.startsWith("ds_write")),
    };
  };
  return partOf(0, blocks.length - 1);
}

/** Loops of a part, those within others too, in the order of the text. */
function allLoops({ loops }: Part): Part[] {
  return loops.flatMap((loop) => [loop, ...allLoops(loop)]);
}

/** A loop of the text: how often it turns in all, and whether the compiler may write it out. */
export type Turns = { readonly turns: number; readonly isConstant: boolean };

/**
 * What a wave costs.
 *
 * @param kernel the whole kernel
 * @param text the loops of its text, in order; without, each is taken to turn once
 * @returns `undefined` if the compiler's loops are not those of the text
 */
export function waveCost(kernel: Part, text?: readonly Turns[]): Cost | undefined {
  const loops = allLoops(kernel).filter(({ clears }) => !clears);
  text ??= loops.map(() => ({ turns: 1, isConstant: false }));
  const left = loops.length === text.length ? text : text.filter(({ isConstant }) => !isConstant);
  if (left.length !== loops.length) return undefined;
  const sum = { ...kernel.own };
  const units = Object.keys(sum) as (keyof Cost)[];
  for (const [i, { own }] of loops.entries()) {
    for (const unit of units) sum[unit] += left[i]!.turns * own[unit];
  }
  return sum;
}
