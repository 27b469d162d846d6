// How long a connection is waited for.
import { PassingError } from "./http_range.ts";

/**
 * Waits.
 *
 * @param time how long, in milliseconds
 * @param signal ends it with its reason
 */
export async function delay(time: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, time);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Gives a connection up that brings nothing for some time. */
export class Stall {
  readonly #controller = new AbortController();
  /** Aborts the connection. */
  readonly signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param time how long, in milliseconds
   * @param signal of the caller, which gives the connection up too
   */
  constructor(readonly time: number, signal: AbortSignal | undefined) {
    const own = this.#controller.signal;
    this.signal = signal ? AbortSignal.any([own, signal]) : own;
    this.reset();
  }

  /** Something came. */
  reset(): void {
    clearTimeout(this.#timer);
    const reason = new PassingError(`no byte for ${this.time} ms`);
    this.#timer = setTimeout(() => this.#controller.abort(reason), this.time);
  }

  /** Nothing more is awaited. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
