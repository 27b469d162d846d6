// Waiting for connections.
import { PassingError } from "./http_range.ts";

/** Waits. */
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

/** Aborts a connection that brings nothing for some time. */
export class Stall {
  readonly #controller = new AbortController();
  /** Aborts the connection. */
  readonly signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param time the time in milliseconds
   * @param signal the caller's signal, which aborts the connection too
   */
  constructor(readonly time: number, signal: AbortSignal | undefined) {
    const own = this.#controller.signal;
    this.signal = signal ? AbortSignal.any([own, signal]) : own;
    this.reset();
  }

  /** Called when bytes arrive. */
  reset(): void {
    clearTimeout(this.#timer);
    const reason = new PassingError(`no byte for ${this.time} ms`);
    this.#timer = setTimeout(() => this.#controller.abort(reason), this.time);
  }

  /** Stops waiting. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
