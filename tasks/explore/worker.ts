// The thread with the device: it opens the network, and does what pages ask for.
import { jobQueue, type Jobs } from "../web/jobs.ts";
import { paramsOf } from "./params.ts";
import type { Order, Report } from "./protocol.ts";
import { openSubject, type Subject } from "./subject.ts";
import { views } from "./views.ts";
import { networkOf } from "./views/network.ts";
import type { Said } from "../web/message.ts";

/** The part of the worker's scope that is used; Deno's types are those of the main thread. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<Order>) => void;
  postMessage(report: Report, transfer?: readonly ArrayBuffer[]): void;
};

/** Sends a report; its arrays are given away, not copied. */
function report(one: Report): void {
  const arrays = one.kind === "reply" ? Object.values(one.message.arrays ?? {}) : [];
  const buffers = arrays.map(({ values }) => values.buffer as ArrayBuffer)
    .filter((buffer, i, all) => all.indexOf(buffer) === i);
  scope.postMessage(one, buffers);
}

const textOf = (error: unknown): string => error instanceof Error ? error.message : String(error);

/** Does what a page asks for, or stops it. */
function handle(subject: Subject, jobs: Jobs, page: number, request: Said): void {
  const { id, stop, cancel } = request;
  if (typeof stop === "number") return jobs.stop(page, stop);
  if (typeof cancel === "number") return jobs.cancel(page, cancel);
  if (typeof id !== "number") return;
  const view = Object.hasOwn(views, `${request.do}`) ? views[`${request.do}`] : undefined;
  const params = paramsOf(request);
  try {
    if (!view) throw new RangeError(`Cannot do "${request.do}": there is no such view`);
    const lane = typeof view.lane === "function" ? view.lane(params) : view.lane;
    jobs.add(page, id, lane, async (job) => await view.run(subject, params, job));
  } catch (error) {
    const message = { said: { id, error: textOf(error) } };
    report({ kind: "reply", page, message, isReplaceable: false });
  }
}

/** Takes a picture that a page has brought. */
async function take(subject: Subject, id: number, bytes: Uint8Array): Promise<void> {
  try {
    report({ kind: "taken", id, name: await subject.take(bytes) });
  } catch (error) {
    report({ kind: "refused", id, message: textOf(error) });
  }
}

let subject: Subject | undefined;
const jobs = jobQueue((page, message, isReplaceable) =>
  report({ kind: "reply", page, message, isReplaceable })
);

scope.onmessage = async ({ data: order }) => {
  if (order.kind === "open") {
    try {
      subject = await openSubject(order.flags);
      report({ kind: "opened", network: networkOf(subject) });
    } catch (error) {
      report({ kind: "failed", name: (error as Error).name, message: textOf(error) });
    }
  } else if (order.kind === "request") handle(subject!, jobs, order.page, order.request);
  else if (order.kind === "close") jobs.forget(order.page);
  else await take(subject!, order.id, order.bytes);
};
