// `deno task bench --wgsl DIR`: the text and workgroup counts of every kernel of the op table, none of which is run.
import { start, stop, tf } from "../../mod.ts";
import { registerKernels } from "../../lib/device/register.ts";
import { writeFileAtomically } from "../../lib/files/mod.ts";
import { makeOutputDir } from "../command/files.ts";
import type { Op } from "./jobs/job.ts";
import { allOps } from "./jobs/op_table.ts";
import { type Dispatched, watchDispatches } from "./watch_dispatches.ts";

/** Which kernels: those for software adapters or those for GPUs. */
export type KernelForm = "software" | "gpu";

/** A kernel of an operation, as `kernels.json` lists them. */
export type KernelFile = {
  /** Its file, in the folder. */
  readonly file: string;
  /** What the operation is, and on which shape. */
  readonly kind: string;
  readonly shape: string;
  /** The kernel's label. */
  readonly kernel: string;
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** Multiplications and additions of the whole operation, and the bytes that it has to move. */
  readonly flops: number;
  readonly bytes: number;
};

/** What products of square matrices are called. */
const SQUARES: Readonly<Record<string, string>> = {
  "dense forward": "matmul",
  "dense input gradient": "matmul transposed b",
  "dense weight gradient": "matmul transposed a",
};

/**
 * The name of an operation's files.
 *
 * @param kind what it is, "conv forward"
 * @param shape on what, "chapter conv2: 32×26×…", or a shape alone, "[32,24,24,64]"
 * @returns "conv-forward-chapter-conv2"
 */
export function kernelName(kind: string, shape: string): string {
  const of = shape.split(":")[0]!;
  const square = /^square (\d+)$/.exec(of);
  const name = square ? `${SQUARES[kind]} ${square[1]}` : `${kind} ${of.replaceAll(",", "x")}`;
  return slug(name);
}

function slug(text: string): string {
  return text.toLowerCase().replaceAll("×", "x").replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** The file names of an operation's kernels: the first has the operation's, the others add theirs. */
export function kernelFiles(name: string, labels: readonly string[]): string[] {
  return labels.map((label, i) => `${i === 0 ? name : `${name}-${i + 1}-${slug(label)}`}.wgsl`);
}

/** The dispatches of one call of an operation. */
function dispatchesOf(op: Op, during: (f: () => void) => Dispatched[]): Dispatched[] {
  tf.engine().startScope(); // Frees the operands at the end.
  try {
    const run = op.prepare();
    return during(() => tf.dispose(run()));
  } finally {
    tf.engine().endScope();
  }
}

/**
 * Writes the WGSL of every kernel that the op table's operations run, one file each, and
 * `kernels.json`, which says what each is and how many workgroups it is run in. It stops the device
 * that runs, and leaves none.
 *
 * @param folder where to write; it is made if it is not there
 * @param form which kernels
 * @returns what was written
 */
export async function writeKernels(folder: string, form: KernelForm): Promise<KernelFile[]> {
  await makeOutputDir(folder);
  const watch = watchDispatches();
  // A device of its own: what was compiled before would not be seen.
  stop();
  await start();
  registerKernels(form === "software");
  const kernels: KernelFile[] = [];
  try {
    for (const op of allOps()) {
      const { kind, shape, flops, bytes } = op;
      const dispatches = dispatchesOf(op, watch.during);
      const files = kernelFiles(kernelName(kind, shape), dispatches.map(({ label }) => label));
      for (const [i, { label, text, workgroups }] of dispatches.entries()) {
        const file = files[i]!;
        await writeFileAtomically(`${folder}/${file}`, text);
        kernels.push({ file, kind, shape, kernel: label, workgroups, flops, bytes });
      }
    }
  } finally {
    watch.stop();
    stop();
  }
  await writeFileAtomically(`${folder}/kernels.json`, JSON.stringify(kernels, null, 2) + "\n");
  return kernels;
}
