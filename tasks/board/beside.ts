// What runs beside a run by --board and --tensorboard: a server, logs, and buttons that end the run.
import { type Callback, layerLog, liveLog, tensorBoard } from "../../lib/train/callbacks/mod.ts";
import type { Examples, ImageSource, Loss, Normalization } from "../../mod.ts";
import { count, toggle, UsageError, type Values } from "../command.ts";
import { Interruption } from "../command/interrupt.ts";
import { say } from "../command/say.ts";
import { inFolder, LAYERS, LIVE } from "../train/run_files.ts";
import { requireFreePort } from "../web/server.ts";
import type { BesideOrder, BesideReport } from "./protocol.ts";

/** The flags of tasks with a run. */
export const besideFlags = {
  board: toggle({
    help:
      "show the run in the browser while it goes on, with a button that ends it; the address is the first line of stdout",
  }),
  port: count({
    min: 0,
    max: 65535,
    help: "the board's port; 0 takes a free one",
    defaultText: "8080, or the next free one",
  }),
  tensorboard: toggle({
    help:
      "write TensorBoard's event files: scalars, histograms of the layers, the most wrong images",
  }),
} as const;

type BesideFlags = Values<typeof besideFlags> & { readonly json: boolean };

/** What runs beside a run. */
export type Beside = {
  /** Aborted by Ctrl-C, or by the button that ends the step in progress. */
  readonly signal: AbortSignal;
  /** Whether the run is to end with this epoch. */
  endsWithEpoch(): boolean;
  /** Ends the step in progress, as the button does. */
  end(): void;
  /** Ends the server. */
  [Symbol.dispose](): void;
};

/** The exit code of a run that a button ended: that of Ctrl-C. */
const ENDED = 130;

/**
 * Refuses what the board cannot be served by, before there is a folder.
 *
 * @throws {UsageError} if there is a port without a board, or it is not free
 */
export function requireBeside({ board, port }: Pick<BesideFlags, "board" | "port">): void {
  if (port === undefined) return;
  if (!board) throw new UsageError("Cannot use --port: it needs --board");
  requireFreePort(port);
}

/**
 * Serves the board beside a run, if `--board` is given.
 *
 * @param dir the run's folder
 * @param interrupt what Ctrl-C aborts
 * @throws {UsageError} if it cannot listen
 */
export async function startBeside(
  { board, port, json }: BesideFlags,
  dir: string,
  interrupt: AbortSignal,
): Promise<Beside> {
  const button = new AbortController();
  const end = (): void => button.abort(new Interruption(ENDED));
  if (!board) {
    return { signal: interrupt, endsWithEpoch: () => false, end, [Symbol.dispose]() {} };
  }
  let endsWithEpoch = false;
  const worker = new Worker(new URL("./beside_worker.ts", import.meta.url), { type: "module" });
  const listening = Promise.withResolvers<void>();
  worker.onmessage = ({ data: report }: MessageEvent<BesideReport>) => {
    if (report.kind === "listening") return listening.resolve();
    if (report.kind === "failed") {
      const isUsage = report.name === "UsageError";
      return listening.reject(new (isUsage ? UsageError : Error)(report.message));
    }
    if (report.when === "epoch") {
      if (!endsWithEpoch) say("stopping after this epoch, as the board says");
      endsWithEpoch = true;
    } else if (!button.signal.aborted) {
      say("stopping after this step, as the board says");
      end();
    }
  };
  worker.onerror = (event) => {
    event.preventDefault();
    // The run goes on without it.
    say(`note: the board ended: ${event.message}`);
    listening.reject(new Error(event.message));
  };
  const flags = { port, host: undefined, open: false, json };
  worker.postMessage({ flags, folder: dir } satisfies BesideOrder);
  await listening.promise;
  return {
    signal: AbortSignal.any([interrupt, button.signal]),
    endsWithEpoch: () => endsWithEpoch,
    end,
    [Symbol.dispose]: () => worker.terminate(),
  };
}

/** What callbacks need of a run. */
export type BesideRun = {
  readonly dir: string;
  readonly epochs: number;
  readonly batchSize: number;
  readonly train: Examples | ImageSource;
  readonly validation: Examples | ImageSource;
  readonly normalize: Normalization | undefined;
  readonly loss?: Loss | undefined;
};

/** The callbacks that the flags ask for. They remember nothing: a run's checkpoint is as without. */
export function besideCallbacks(
  { board, tensorboard }: Pick<BesideFlags, "board" | "tensorboard">,
  { dir, epochs, batchSize, train, validation, normalize, loss }: BesideRun,
): Callback[] {
  const layers = { ...(normalize ? { normalize } : {}), ...(loss ? { loss } : {}) };
  return [
    ...(board
      ? [
        liveLog(inFolder(dir, LIVE), { epochs, batchSize, classNames: train.classNames }),
        layerLog(inFolder(dir, LAYERS), train, layers),
      ]
      : []),
    ...(tensorboard ? [tensorBoard(dir, { probe: train, layers, validation })] : []),
  ];
}
