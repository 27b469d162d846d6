// What a page can ask for.
import type { Message } from "../web/message.ts";
import type { Job, Lane } from "../web/jobs.ts";
import type { Params } from "./params.ts";
import type { Subject } from "./subject.ts";

/** A kind of request. */
export type View = {
  /** Whether it may take long, and so waits for its like alone; perhaps by its parameters. */
  readonly lane: Lane | ((params: Params) => Lane);
  /**
   * Computes the answer.
   *
   * @throws {Error} if a parameter is wrong; its message is for the reader of the page
   */
  run(subject: Subject, params: Params, job: Job): Message | Promise<Message>;
};
