// The thread that serves the board beside a run, so that neither waits for the other.
import type { BesideOrder, BesideReport } from "./protocol.ts";
import { serveBoard } from "./serve.ts";

/** The part of the worker's scope that is used; Deno's types are those of the main thread. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<BesideOrder>) => void;
  postMessage(report: BesideReport): void;
};

scope.onmessage = async ({ data: { flags, folder } }) => {
  try {
    const onStop = (when: "step" | "epoch"): void => scope.postMessage({ kind: "stop", when });
    await serveBoard(flags, { folders: [folder], onStop });
    scope.postMessage({ kind: "listening" });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    scope.postMessage({ kind: "failed", name, message });
  }
};
