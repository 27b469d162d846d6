// The server's side of the thread with the device.
import { Refusal } from "../../lib/serve/refusal.ts";
import { UsageError } from "../command.ts";
import type { Said } from "../web/message.ts";
import type { Channel, ChannelHandler } from "../web/channel.ts";
import type { Order, Report } from "./protocol.ts";
import type { SubjectFlags } from "./subject.ts";

/** A thread that has opened a network. */
export type DeviceThread = {
  /** Connects an open page. */
  connect(channel: Channel): ChannelHandler;
  /**
   * Hands over a picture file.
   *
   * @returns the picture's name
   * @throws {Refusal} if it is no picture
   */
  take(bytes: Uint8Array<ArrayBuffer>): Promise<string>;
  /** Rejects if the thread ends, which it does not by itself. */
  readonly failed: Promise<never>;
};

/**
 * Starts the thread, and opens what the flags name there.
 *
 * @throws what opening throws
 */
export async function startDeviceThread(flags: SubjectFlags): Promise<DeviceThread> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const tell = (order: Order, transfer: ArrayBuffer[] = []): void =>
    worker.postMessage(order, transfer);
  const opened = Promise.withResolvers<Said>();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  const channels = new Map<number, Channel>();
  const taking = new Map<number, PromiseWithResolvers<string>>();
  let count = 0;

  const onReport = (report: Report): void => {
    switch (report.kind) {
      case "opened":
        return opened.resolve(report.network);
      case "failed": {
        const isUsage = report.name === "UsageError";
        return opened.reject(new (isUsage ? UsageError : Error)(report.message));
      }
      case "reply": {
        const channel = channels.get(report.page);
        if (report.isReplaceable) channel?.sendIfIdle(report.message);
        else channel?.send(report.message);
        return;
      }
      case "taken":
        taking.get(report.id)?.resolve(report.name);
        return void taking.delete(report.id);
      case "refused":
        taking.get(report.id)?.reject(new Refusal(415, report.message));
        return void taking.delete(report.id);
    }
  };
  worker.onmessage = ({ data }: MessageEvent<Report>) => onReport(data);
  worker.onerror = (event) => {
    event.preventDefault();
    const error = new Error(event.message);
    opened.reject(error);
    failure.reject(error);
  };
  tell({ kind: "open", flags });
  const network = await opened.promise;
  return {
    failed: failure.promise,
    connect(channel) {
      const page = count++;
      channels.set(page, channel);
      return {
        onRequest(request) {
          // The first view does not wait for the device.
          if (request.do !== "network") return tell({ kind: "request", page, request });
          channel.send({ said: { ...network, id: request.id, done: true } });
        },
        onClose() {
          channels.delete(page);
          tell({ kind: "close", page });
        },
      };
    },
    take(bytes) {
      const id = count++;
      const waiting = Promise.withResolvers<string>();
      taking.set(id, waiting);
      tell({ kind: "take", id, bytes }, [bytes.buffer]);
      return waiting.promise;
    },
  };
}
