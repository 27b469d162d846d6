// Values that show themselves in a notebook.
import { type MediaBundle, showingOf } from "./kinds.ts";

/** Deno's kernel asks a value by this symbol how it is shown. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display") as never;

/** A value as a notebook shows it. */
export type Shown = {
  /** Its forms by media type, `"image/png"`, `"text/html"`, … */
  readonly [DISPLAY]: () => MediaBundle | Promise<MediaBundle>;
};

/**
 * A value as a notebook shows it: write it as the last line of a cell.
 *
 * - a picture, a list of them, or a tensor `[N, H, W, C]` of pixels from 0 to 1, as a contact sheet;
 *   small ones are enlarged
 * - an attribution, such as of `gradCam`, in colors
 * - what `classify` returned, as bars
 * - what `fit` reported of its epochs, as curves
 * - what `evaluate` returned, as a table
 * - a network that knows its `inputShape`, as a summary
 * - rows of texts and numbers, as a table
 * - a text that begins with `<svg`, as a picture; other texts as they are
 *
 * @param value one of these
 * @returns what Deno's Jupyter kernel shows
 * @throws {TypeError} if it is of no such kind
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { show } from "@neocog/neocog/notebook";
 *
 * const [[rows]] = [Object.getOwnPropertySymbols(show([["digits", 10]]))];
 * assertEquals(rows, Symbol.for("Jupyter.display"));
 * ```
 */
export function show(value: unknown): Shown {
  if (typeof value === "string") {
    const type = value.trimStart().startsWith("<svg") ? "image/svg+xml" : "text/plain";
    return { [DISPLAY]: () => ({ [type]: value }) };
  }
  const showing = showingOf(value);
  if (showing) return { [DISPLAY]: showing };
  const found = typeof value === "object" && value !== null
    ? `{ ${Object.keys(value).slice(0, 8).join(", ")} }`
    : String(value);
  throw new TypeError(
    `Cannot show a value: it must be a picture, an attribution, classes, epochs, an evaluation, a network with its inputShape, rows, or a text, or lists of pictures, got ${found}`,
  );
}

/**
 * Makes all values that {@linkcode show} knows show themselves, without being wrapped, for the rest
 * of the session: in a notebook's first cell. Objects have no class here, so it adds the symbol
 * `Jupyter.display` to `Object.prototype`, where only a notebook's kernel looks for it.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { showAll } from "@neocog/neocog/notebook";
 *
 * showAll();
 * const picture = { width: 1, height: 1, channels: 1, pixels: Float32Array.of(1) };
 * const display = Symbol.for("Jupyter.display");
 * assertEquals(typeof (picture as never)[display], "function");
 * assertEquals(({} as never)[display], undefined);
 * ```
 */
export function showAll(): void {
  Object.defineProperty(Object.prototype, DISPLAY, {
    configurable: true,
    enumerable: false,
    get(this: unknown) {
      return showingOf(this);
    },
    set(this: object, value: unknown) {
      // An object's own symbol counts, as if there were no other.
      const own = { value, configurable: true, enumerable: true, writable: true };
      Object.defineProperty(this, DISPLAY, own);
    },
  });
}
