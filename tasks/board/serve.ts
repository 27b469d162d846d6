// The board's server: it tells pages of runs, and asks the thread that computes for what takes longer.
import { Refusal } from "../../lib/serve/refusal.ts";
import type { Values } from "../command.ts";
import { jobQueue, type Jobs } from "../web/jobs.ts";
import { CHECKPOINT, inFolder, WRONGEST } from "../train/run_files.ts";
import type { Channel, ChannelHandler } from "../web/channel.ts";
import { chartFiles } from "../web/chart_files.ts";
import type { serverFlags } from "../web/flags.ts";
import type { Message, Said } from "../web/message.ts";
import { type PageServer, servePage } from "../web/server.ts";
import { readStaticFiles } from "../web/static_files.ts";
import { type Examiner, examiner } from "./examiner_thread.ts";
import { findRuns } from "./find_runs.ts";
import type { StopWhen } from "./protocol.ts";
import { type RunState, watchRun } from "./run_state.ts";
import { bytesOf, statOf } from "./watched_file.ts";

/** How often files are looked at while a page is open, in milliseconds. */
const INTERVAL = 1000;
/** The most runs that are laid over each other. */
const MOST_CURVES = 32;

/** What is served. */
export type BoardOptions = {
  /** The folders of runs. */
  readonly folders: readonly string[];
  /** Ends the run of this process; absent if there is none. */
  readonly onStop?: (when: StopWhen) => void;
};

/** The runs in folders, found again by each look. */
type Board = {
  look(): readonly RunState[];
  /** A run that was found, by its id: no request names a path. */
  run(id: unknown): RunState;
};

function boardOf(folders: readonly string[]): Board {
  let known = new Map<string, RunState>();
  const look = (): readonly RunState[] => {
    known = new Map(
      findRuns(folders).map((run) => {
        const before = known.get(run.id);
        return [run.id, before?.run.log === run.log ? before ?? watchRun(run) : watchRun(run)];
      }),
    );
    return [...known.values()];
  };
  return {
    look,
    run(id) {
      if (known.size === 0) look();
      const found = typeof id === "string" ? known.get(id) : undefined;
      if (!found) throw new RangeError(`Cannot find the run ${JSON.stringify(id) ?? "of no name"}`);
      return found;
    },
  };
}

/** The file of a run's last checkpoint. */
function checkpointOf({ run }: RunState): string {
  const file = inFolder(run.dir, CHECKPOINT);
  if (run.log === undefined && statOf(file)) return file;
  throw new RangeError(`Cannot look into ${run.id}: it must have a ${CHECKPOINT}, got none`);
}

/** A cell of the matrix, if the request names one. */
function cellOf({ actual, predicted }: Said): readonly [number, number] | undefined {
  const isPlace = (value: unknown): value is number => Number.isSafeInteger(value);
  return isPlace(actual) && isPlace(predicted) ? [actual, predicted] : undefined;
}

/** What pages ask for. */
async function answer(
  request: Said,
  board: Board,
  computing: Examiner,
  job: Parameters<Parameters<Jobs["add"]>[3]>[0],
): Promise<Message> {
  switch (request.do) {
    case "curves": {
      const ids = Array.isArray(request.runs) ? request.runs.slice(0, MOST_CURVES) : [];
      return { said: { runs: ids.map((id) => ({ id, ...board.run(id).curves() })) } };
    }
    case "layers":
      return { said: { epochs: board.run(request.run).layers() } };
    case "confusion":
      return { said: { confusion: board.run(request.run).confusion() ?? null } };
    case "weights": {
      const file = checkpointOf(board.run(request.run));
      return await computing.ask({ kind: "weights", file }, job);
    }
    case "examine": {
      const file = checkpointOf(board.run(request.run));
      const cell = cellOf(request);
      return await computing.ask({ kind: "examine", file, ...(cell ? { cell } : {}) }, job);
    }
    default:
      throw new RangeError(`Cannot do "${request.do}": there is no such request`);
  }
}

/** The picture of the most wrong images that a run has left. */
function wrongestPicture(board: Board, request: Request): Response {
  const id = new URL(request.url).searchParams.get("run");
  const { run } = board.run(id);
  const bytes = run.log === undefined ? bytesOf(inFolder(run.dir, WRONGEST)) : undefined;
  if (!bytes) throw new Refusal(404, `Cannot show ${id}: it has no ${WRONGEST}`);
  return new Response(bytes, { headers: { "content-type": "image/png" } });
}

/**
 * Serves the board.
 *
 * @throws {UsageError} if it cannot listen there
 */
export async function serveBoard(
  flags: Values<typeof serverFlags>,
  { folders, onStop }: BoardOptions,
): Promise<PageServer> {
  const files = await readStaticFiles(new URL("../", import.meta.url), ["board/page", "web/page"]);
  for (const [path, file] of await chartFiles()) files.set(path, file);
  const board = boardOf(folders);
  const computing = examiner();
  const channels = new Map<number, Channel>();
  const watching = new Map<number, unknown>();
  const jobs = jobQueue((page, message, isReplaceable) => {
    const channel = channels.get(page);
    if (isReplaceable) channel?.sendIfIdle(message);
    else channel?.send(message);
  });
  let pages = 0;
  let last = "";
  const tellAll = (): void => {
    if (watching.size === 0) return;
    const runs = board.look().map((run) => run.summary());
    const text = JSON.stringify(runs);
    if (text === last) return;
    last = text;
    for (const [page, id] of watching) tell(page, id, runs);
  };
  const tell = (page: number, id: unknown, runs: readonly unknown[]): void => {
    const said = { id, part: true, runs, folders, canStop: onStop !== undefined };
    channels.get(page)?.sendIfIdle({ said });
  };
  const timer = setInterval(tellAll, INTERVAL);

  const connect = (channel: Channel): ChannelHandler => {
    const page = pages++;
    channels.set(page, channel);
    return {
      onRequest(request) {
        const { id, stop, cancel } = request;
        if (typeof stop === "number") return jobs.stop(page, stop);
        if (typeof cancel === "number") return jobs.cancel(page, cancel);
        if (typeof id !== "number") return;
        if (request.do === "watch") {
          watching.set(page, id);
          return tell(page, id, board.look().map((run) => run.summary()));
        }
        if (request.do === "end") {
          if (request.when === "step" || request.when === "epoch") onStop?.(request.when);
          return channel.send({ said: { id, done: true, ending: onStop !== undefined } });
        }
        const lane = request.do === "examine" || request.do === "weights" ? "long" : "quick";
        jobs.add(page, id, lane, (job) => answer(request, board, computing, job));
      },
      onClose() {
        channels.delete(page);
        watching.delete(page);
        jobs.forget(page);
      },
    };
  };
  const server = servePage(flags, {
    files,
    routes: { "GET /wrongest": (request) => wrongestPicture(board, request) },
    onChannel: connect,
  });
  return {
    url: server.url,
    close() {
      clearInterval(timer);
      return server.close();
    },
  };
}
