// Logs of a run as it goes: steps and epochs for the board, and the layers after each epoch.
import type { Examples } from "../../data/examples.ts";
import type { ImageSource } from "../../data/image_source.ts";
import { fileError } from "../../files/file_error.ts";
import { epochRecord } from "../report/history.ts";
import {
  LAYER_STATISTICS_OPTIONS,
  layerStatistics,
  type LayerStatisticsOptions,
} from "../report/layer_statistics.ts";
import type { EpochReport } from "../reports.ts";
import type { Callback } from "./callback.ts";
import { requireOptions } from "../../text/require.ts";

/** Options of {@linkcode liveLog}. */
export type LiveLogOptions = {
  /** Examples in a batch, by which images per second are counted. Default: unknown. */
  readonly batchSize?: number;
  /** How many epochs the run will have, for the time that is left. Default: unknown. */
  readonly epochs?: number;
  /** The classes' names, for the confusion matrix. Default: their numbers. */
  readonly classNames?: readonly string[];
};

/** The least time between two steps that are written, in milliseconds. */
const INTERVAL = 500;
/** The most classes of a confusion matrix that is written. */
const MOST_CLASSES = 64;

/** Adds an object to a file of JSON lines. */
function addLine(file: string, value: unknown): void {
  try {
    Deno.writeTextFileSync(file, `${JSON.stringify(value)}\n`, { append: true });
  } catch (error) {
    throw fileError(`Cannot write ${file}`, error);
  }
}

/**
 * Writes a run's steps, at most two a second, and its epochs to a file as they come, one JSON object
 * per line, which `deno task board` shows while the run goes on. Its `kind` is `begin`, `step`,
 * `epoch` (with the confusion matrix of the validation examples, for up to 64 classes) or `end`; `at`
 * is the time in milliseconds. A run that is resumed adds to the file. The form is that of
 * [JSON Lines](https://jsonlines.org).
 *
 * Needs `--allow-write` for the file.
 *
 * @param file the file, in an existing directory
 * @param options what the run has, as far as it is known
 * @returns the callback; it throws an error that names the file if that cannot be written
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { liveLog } from "@neocog/neocog/callbacks";
 *
 * assertEquals(liveLog("runs/digits/live.jsonl").name, "liveLog runs/digits/live.jsonl");
 * ```
 */
export function liveLog(file: string, options: LiveLogOptions = {}): Callback {
  requireOptions("make liveLog", options, { batchSize: true, epochs: true, classNames: true });
  const { batchSize, epochs, classNames } = options;
  let last = 0;
  return {
    name: `liveLog ${file}`,
    onBegin({ progress: { epoch, step } }) {
      last = 0;
      const about = { batchSize, epochs, classNames };
      addLine(file, { kind: "begin", at: Date.now(), epoch, step, ...about });
    },
    onStep({ epoch, step, stepInEpoch, stepsPerEpoch, loss, meanLoss, accuracy }) {
      const at = Date.now();
      if (at - last < INTERVAL && stepInEpoch !== stepsPerEpoch) return;
      last = at;
      const numbers = { step, epoch, stepInEpoch, stepsPerEpoch, loss, meanLoss, accuracy };
      addLine(file, { kind: "step", at, ...numbers });
    },
    afterEpoch(report) {
      const confusion = confusionOf(report);
      addLine(file, { kind: "epoch", at: Date.now(), ...epochRecord(report), confusion });
    },
    onEnd() {
      addLine(file, { kind: "end", at: Date.now() });
    },
  };
}

function confusionOf({ validation }: EpochReport): readonly (readonly number[])[] | undefined {
  const counts = validation?.confusion?.counts;
  return counts && counts.length <= MOST_CLASSES ? counts : undefined;
}

/**
 * Writes after every epoch how weights, gradients and activations of each layer are distributed, and
 * the share of dead units of rectifiers, as {@linkcode layerStatistics} finds them for some examples:
 * one JSON object per line, `{ "epoch": 1, "layers": [ … ] }`. A run that is resumed adds to the file.
 *
 * Needs `--allow-write` for the file.
 *
 * @param file the file, in an existing directory
 * @param probe labeled images, of which the first are looked at
 * @param options how they are looked at
 * @returns the callback; it throws an error that names the file if that cannot be written
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layerLog } from "@neocog/neocog/callbacks";
 *
 * const probe = {
 *   name: "two pixels",
 *   images: new Uint8Array([0, 255]),
 *   labels: new Uint8Array([0, 1]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * assertEquals(layerLog("runs/digits/layers.jsonl", probe).name, "layerLog runs/digits/layers.jsonl");
 * ```
 */
export function layerLog(
  file: string,
  probe: Examples | ImageSource,
  options: LayerStatisticsOptions = {},
): Callback {
  requireOptions("make layerLog", options, LAYER_STATISTICS_OPTIONS);
  return {
    name: `layerLog ${file}`,
    async afterEpoch({ epoch, network }) {
      addLine(file, { epoch, layers: await layerStatistics(network, probe, options) });
    },
  };
}
