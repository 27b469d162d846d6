// A rectangle of whole pixels in an image.

/** A rectangle: the pixels from its top left one on. */
export type Box = {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
};

/**
 * Whether a pixel is in a rectangle whose left, top, width and height are numbers of an array.
 *
 * @param at where the four numbers begin
 */
export function isInBox(x: number, y: number, rows: Float32Array, at: number): boolean {
  const [right, down] = [x - rows[at]!, y - rows[at + 1]!];
  return right >= 0 && right < rows[at + 2]! && down >= 0 && down < rows[at + 3]!;
}
