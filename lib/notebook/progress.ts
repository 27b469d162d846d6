// The progress of a run in a notebook's cell, drawn in place.
import type { Callback } from "../train/callbacks/callback.ts";
import type { EpochReport } from "../train/reports.ts";
import { curves, type StepRecord } from "../train/report/curves.ts";
import type { MediaBundle } from "./kinds.ts";
import { requireOptions } from "../text/require.ts";

/** What is used of a notebook's kernel, `Deno.jupyter`. */
type Kernel = {
  broadcast(type: "display_data" | "update_display_data", content: object): Promise<void>;
};

/** The kernel of the notebook that this runs in. */
function kernelOf(): Kernel {
  try {
    // Its getter throws outside of a notebook.
    const kernel = (globalThis as { Deno?: { jupyter?: Kernel } }).Deno?.jupyter;
    if (kernel) return kernel;
  } catch {
    // As if it were not there.
  }
  throw new TypeError(
    "Cannot show progress: this must run in a notebook with Deno's kernel, got no Deno.jupyter",
  );
}

/** Milliseconds between two drawings. */
const PACE = 500;

/** Options of {@linkcode progress}. */
export type NotebookProgressOptions = {
  /** The heading. Default: `"training"`. */
  readonly title?: string;
  /** How many epochs there will be, for the line above the curves. Default: it is not said. */
  readonly epochs?: number;
};

/**
 * A callback of {@linkcode fit} that draws the curves of a run in the cell, and draws them anew in
 * place as it goes on.
 *
 * @param options heading, number of epochs
 * @returns the callback
 * @throws {TypeError} outside of a notebook
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { progress } from "@neocog/neocog/notebook";
 *
 * // In a notebook: fit(model, examples, { callbacks: [progress()] })
 * assertThrows(() => progress(), TypeError, "notebook");
 * ```
 */
export function progress(options: NotebookProgressOptions = {}): Callback {
  requireOptions("show progress", options, { title: true, epochs: true });
  return progressBy(kernelOf(), options);
}

/** {@linkcode progress} by a kernel. */
export function progressBy(
  kernel: Kernel,
  { title = "training", epochs }: NotebookProgressOptions = {},
): Callback {
  const id = crypto.randomUUID();
  const reports: EpochReport[] = [];
  const steps: StepRecord[] = [];
  let isShown = false;
  let drawnAt = -Infinity;
  let drawing: Promise<void> | undefined;
  let line = "";

  const draw = async (): Promise<void> => {
    const svg = await curves(reports, { title, steps });
    const data: MediaBundle = {
      "text/html": `<div>${line}</div>${svg}`,
      "text/plain": line,
    };
    const type = isShown ? "update_display_data" : "display_data";
    isShown = true;
    await kernel.broadcast(type, { data, metadata: {}, transient: { display_id: id } });
  };
  return {
    name: "notebook progress",
    onStep({ epoch, step, stepInEpoch, stepsPerEpoch, meanLoss, loss, accuracy, seconds }) {
      steps.push({ step, loss, ...(accuracy === undefined ? {} : { accuracy }) });
      const of = epochs === undefined ? "" : ` of ${epochs}`;
      line = `epoch ${epoch}${of}, step ${stepInEpoch}${
        stepsPerEpoch === undefined ? "" : ` of ${stepsPerEpoch}`
      }: loss ${meanLoss.toFixed(4)}${
        accuracy === undefined ? "" : `, accuracy ${(100 * accuracy).toFixed(2)} %`
      }, ${seconds.toFixed(0)} s`;
      const now = performance.now();
      if (drawing || now - drawnAt < PACE) return;
      drawnAt = now;
      drawing = draw().finally(() => drawing = undefined);
    },
    async onEpoch(report) {
      reports.push(report);
      await drawing;
      await draw();
    },
  };
}
