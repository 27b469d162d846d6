// Writes checkpoints of a run: of the last epoch, of the best, of the best few.
import { writeCheckpoint } from "../../weights/checkpoint.ts";
import { fileError } from "../../files/file_error.ts";
import type { Json } from "../../weights/json.ts";
import { requireOptions, requireWhole } from "../../text/require.ts";
import type { Memory } from "../training.ts";
import type { Callback } from "./callback.ts";
import { type Monitor, monitorOf, type MonitorOptions } from "./monitor.ts";
import type { EpochReport } from "../reports.ts";
import { snapshot } from "../snapshot.ts";

/** Options of {@linkcode checkpoints}. */
export type CheckpointsOptions = Pick<MonitorOptions, "monitor" | "mode"> & {
  /** The directory of the files, which is created if it is missing. */
  readonly dir: string;
  /** Whether the best epoch so far is in `best.safetensors`. Default: `true`. */
  readonly best?: boolean;
  /** Whether the last epoch is in `last.safetensors`. Default: `true`. */
  readonly last?: boolean;
  /** How many of the best epochs are kept as `epoch-0001.safetensors`, from 0. Default: 0. */
  readonly top?: number;
  /** What else the files say of the run: `about` of {@linkcode snapshot}. Default: nothing. */
  readonly about?: (report: EpochReport) => { readonly [name: string]: Json };
};

const OPTIONS: Readonly<Record<keyof CheckpointsOptions, true>> = {
  monitor: true,
  mode: true,
  dir: true,
  best: true,
  last: true,
  top: true,
  about: true,
};

/** An epoch and its monitored number. */
type EpochValue = { readonly epoch: number; readonly value: number };

/** What {@linkcode checkpoints} remembers. */
type CheckpointsState = {
  readonly best: EpochValue | null;
  /** The best epochs, the best first. */
  readonly top: readonly EpochValue[];
  /** The epoch that is no longer one of them. */
  readonly dropped: number | null;
};

const NONE: CheckpointsState = { best: null, top: [], dropped: null };

/**
 * Writes checkpoints after each epoch, from each of which the run can be resumed with
 * {@linkcode restoreTraining}. A file is written completely or not at all: if the disk is full, the
 * run ends with an error that names the file, and older files are unchanged. A better file is
 * written before a worse one is removed.
 *
 * Needs `--allow-read` and `--allow-write` for the directory.
 *
 * @param options the directory, which files, and the number that decides which is best
 * @returns the callback
 * @throws {RangeError} if an option is out of range, the number is unknown, or nothing would be written
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { checkpoints } from "@neocog/neocog/callbacks";
 * import { dense, fit, flatten, readCheckpoint, sequential, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const examples = {
 *   name: "two pixels",
 *   images: new Uint8Array([0, 255]),
 *   labels: new Uint8Array([0, 1]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * const model = sequential({ flatten: flatten(), logits: dense({ features: 2 }) });
 * const dir = await Deno.makeTempDir();
 * const callbacks = [checkpoints({ dir, monitor: "loss" })];
 * for await (const _ of fit(model, examples, { epochs: 2, callbacks }));
 * const { sections } = await readCheckpoint(`${dir}/best.safetensors`);
 * assertEquals([...sections.params.keys()].sort(), ["logits/bias", "logits/kernel"]);
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export function checkpoints(options: CheckpointsOptions): Callback {
  requireOptions("make checkpoints", options, OPTIONS);
  const { best = true, last = true, top = 0 } = options;
  const name = `checkpoints ${options.dir}`;
  requireWhole("make checkpoints", "top", top, 0);
  if (!best && !last && top === 0) {
    throw new RangeError(
      "Cannot make checkpoints: something must be written, got neither best nor last, and top 0",
    );
  }
  const monitor = monitorOf("checkpoints", options);
  const stateOf = ({ state }: Memory): CheckpointsState => state as CheckpointsState | null ?? NONE;
  return {
    name,
    ...(best || top > 0 ? { monitor: monitor.monitor } : {}),
    onBegin: () => makeDirectory(options.dir),
    onEpoch: (report, memory) =>
      best || top > 0 ? { state: ranked(stateOf(memory), report, monitor, top) } : undefined,
    async afterEpoch(report, memory) {
      const { epoch, network } = report;
      const saved = stateOf(memory);
      const files = [
        ...(last ? [`${options.dir}/last.safetensors`] : []),
        ...(best && saved.best?.epoch === epoch ? [`${options.dir}/best.safetensors`] : []),
        ...(saved.top.some((one) => one.epoch === epoch) ? [fileOf(options.dir, epoch)] : []),
      ];
      if (files.length === 0) return;
      const checkpoint = await snapshot(network, options.about?.(report));
      for (const file of files) await writeCheckpoint(file, checkpoint);
      const { dropped } = saved;
      if (dropped !== null && dropped !== epoch) await removeFile(fileOf(options.dir, dropped));
    },
  };
}

/** The file of one of the best epochs. */
function fileOf(dir: string, epoch: number): string {
  return `${dir}/epoch-${`${epoch}`.padStart(4, "0")}.safetensors`;
}

/** The best epochs after another one; of equal ones the first. */
function ranked(
  saved: CheckpointsState,
  report: EpochReport,
  monitor: Monitor,
  top: number,
): CheckpointsState {
  const one: EpochValue = { epoch: report.epoch, value: monitor.value(report) };
  const sign = monitor.more ? -1 : 1;
  const found = Number.isFinite(one.value) ? [one] : [];
  const all = [...saved.top, ...found].sort((a, b) =>
    sign * (a.value - b.value) || a.epoch - b.epoch
  );
  return {
    best: monitor.improves(one.value, saved.best?.value ?? null) ? one : saved.best,
    top: all.slice(0, top),
    dropped: top > 0 ? all[top]?.epoch ?? null : null,
  };
}

/** Before the first step, so that a run does not fail at its first write. */
async function makeDirectory(dir: string): Promise<void> {
  try {
    await Deno.mkdir(dir, { recursive: true });
  } catch (error) {
    throw fileError(`Cannot create the directory of checkpoints ${dir}`, error);
  }
}

async function removeFile(file: string): Promise<void> {
  try {
    await Deno.remove(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw fileError(`Cannot remove ${file}`, error);
  }
}
