// Writes a run's numbers as an event file of TensorBoard.
import type { Examples } from "../../data/examples.ts";
import type { ImageSource } from "../../data/image_source.ts";
import {
  type EventFile,
  type EventHistogram,
  type EventValue,
  openEventFile,
} from "../../files/event_file.ts";
import { encodePng } from "../../image/mod.ts";
import type { Evaluation } from "../evaluate.ts";
import type { Histogram } from "../report/histogram.ts";
import { layerStatistics, type LayerStatisticsOptions } from "../report/layer_statistics.ts";
import { wrongestOf } from "../report/wrongest.ts";
import { wrongestPicture } from "../report/wrongest_picture.ts";
import type { EpochReport } from "../reports.ts";
import type { Callback } from "./callback.ts";
import { requireOptions } from "../../text/require.ts";

/** Options of {@linkcode tensorBoard}. */
export type TensorBoardOptions = {
  /**
   * Images by which histograms of each layer's weights, gradients and activations are made after
   * every epoch, and the share of dead units of rectifiers. Default: no histograms.
   */
  readonly probe?: Examples | ImageSource;
  /** How the layers are looked at. */
  readonly layers?: LayerStatisticsOptions;
  /** The validation examples, of which the most wrong are written as a picture. Default: none. */
  readonly validation?: Examples | ImageSource;
};

/** How many of the most wrong predictions are drawn. */
const DRAWN = 24;

/**
 * Writes a run's numbers for [TensorBoard](https://www.tensorflow.org/tensorboard): of each step the
 * loss, `step/loss`; after each epoch `epoch/loss`, `epoch/accuracy`, `epoch/val_loss`,
 * `epoch/val_accuracy`, `epoch/learning_rate`, `epoch/seconds` and those of metrics, at the number of
 * the epoch; histograms of the layers and a picture of the most wrong predictions, if asked for. Each
 * run that begins or is resumed begins an event file, which grows as the run goes.
 *
 * Needs `--allow-read` and `--allow-write` for the directory.
 *
 * @param dir the directory, which TensorBoard shows as a run: `tensorboard --logdir runs`
 * @param options what is written besides
 * @returns the callback
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { tensorBoard } from "@neocog/neocog/callbacks";
 * import { dense, fit, flatten, sequential, start } from "@neocog/neocog";
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
 * const callbacks = [tensorBoard(dir, { probe: examples })];
 * for await (const _ of fit(model, examples, { epochs: 2, callbacks }));
 * const [file, ...more] = [...Deno.readDirSync(dir)];
 * assert(file!.name.startsWith("events.out.tfevents."));
 * assertEquals(more, []);
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export function tensorBoard(dir: string, options: TensorBoardOptions = {}): Callback {
  requireOptions("make tensorBoard", options, { probe: true, layers: true, validation: true });
  const { probe, layers, validation } = options;
  let file: EventFile | undefined;
  return {
    name: `tensorBoard ${dir}`,
    async onBegin() {
      file = await openEventFile(dir);
    },
    onStep({ step, loss }) {
      file!.add(step, [{ tag: "step/loss", scalar: loss }]);
    },
    async onEpoch(report) {
      if (probe) file!.add(report.epoch, await layerValues(report, probe, layers));
    },
    async afterEpoch(report) {
      file!.add(report.epoch, epochValues(report));
      const image = validation && await wrongImage(report, validation);
      if (image) file!.add(report.epoch, [image]);
    },
  };
}

/** An epoch's numbers. */
function epochValues(report: EpochReport): EventValue[] {
  const { metrics = {}, valMetrics = {} } = report;
  const numbers: Record<string, number | undefined> = {
    loss: report.loss,
    accuracy: report.accuracy,
    val_loss: report.valLoss,
    val_accuracy: report.valAccuracy,
    learning_rate: report.learningRate,
    seconds: report.seconds,
    ...metrics,
    ...Object.fromEntries(
      Object.entries(valMetrics).map(([name, value]) => [`val_${name}`, value]),
    ),
  };
  return Object.entries(numbers).flatMap(([name, scalar]) =>
    scalar === undefined ? [] : [{ tag: `epoch/${name}`, scalar }]
  );
}

async function layerValues(
  { network }: EpochReport,
  probe: Examples | ImageSource,
  options: LayerStatisticsOptions | undefined,
): Promise<EventValue[]> {
  const layers = await layerStatistics(network, probe, options);
  return layers.flatMap(({ path, weights, gradients, activations, dead }) => [
    ...Object.entries(weights).map(([name, one]) => histogramOf(`weights/${path}/${name}`, one)),
    ...Object.entries(gradients).map(([name, one]) =>
      histogramOf(`gradients/${path}/${name}`, one)
    ),
    histogramOf(`activations/${path}`, activations),
    ...(dead === undefined ? [] : [{ tag: `dead/${path}`, scalar: dead }]),
  ]);
}

/** A histogram as TensorBoard has it: with the upper ends of the bins, and sums instead of means. */
function histogramOf(tag: string, { counts, min, max, mean, deviation }: Histogram): EventValue {
  const count = counts.reduce((sum, one) => sum + one, 0);
  const width = (max - min) / counts.length;
  const isOne = width === 0;
  const histogram: EventHistogram = {
    min,
    max,
    count,
    sum: mean * count,
    squares: (deviation ** 2 + mean ** 2) * count,
    limits: isOne
      ? [max]
      : counts.map((_, i) => i === counts.length - 1 ? max : min + (i + 1) * width),
    counts: isOne ? [count] : counts,
  };
  return { tag, histogram };
}

async function wrongImage(
  { validation }: EpochReport,
  examples: Examples | ImageSource,
): Promise<EventValue | undefined> {
  if (!validation?.predictions || ![1, 3].includes(examples.imageShape[2])) return undefined;
  const wrong = wrongestOf(validation as Evaluation, examples, DRAWN);
  if (wrong.length === 0) return undefined;
  const picture = await wrongestPicture(wrong, examples);
  const { height, width, channels } = picture;
  return { tag: "wrongest", image: { height, width, channels, png: encodePng(picture) } };
}
