// The server's side of the thread that computes, which is started when something is asked of it.
import type { Job } from "../web/jobs.ts";
import type { Message } from "../web/message.ts";
import type { Answer, Task } from "./protocol.ts";

/** A task without its number. */
type Asked =
  | Omit<Extract<Task, { kind: "weights" }>, "id">
  | Omit<Extract<Task, { kind: "examine" }>, "id">;

/** A thread that computes. */
export type Examiner = {
  /** Does a task, and tells how far it is. */
  ask(task: Asked, job: Pick<Job, "progress">): Promise<Message>;
};

/** The thread; nothing is started yet. */
export function examiner(): Examiner {
  let worker: Worker | undefined;
  let count = 0;
  const waiting = new Map<number, PromiseWithResolvers<Message> & Pick<Job, "progress">>();

  const start = (): Worker => {
    const made = new Worker(new URL("./examiner.ts", import.meta.url), { type: "module" });
    made.onmessage = ({ data: answer }: MessageEvent<Answer>) => {
      const asked = waiting.get(answer.id);
      if (answer.kind === "progress") {
        return asked?.progress(answer.done, answer.total, "measuring");
      }
      waiting.delete(answer.id);
      if (answer.kind === "done") asked?.resolve(answer.message);
      else asked?.reject(new Error(answer.error));
    };
    made.onerror = (event) => {
      event.preventDefault();
      // The next task starts another one.
      worker = undefined;
      for (const { reject } of waiting.values()) reject(new Error(event.message));
      waiting.clear();
    };
    return made;
  };

  return {
    ask(task, { progress }) {
      worker ??= start();
      const id = count++;
      const asked = Promise.withResolvers<Message>();
      waiting.set(id, { ...asked, progress });
      worker.postMessage({ ...task, id });
      return asked.promise;
    },
  };
}
