// Labeled images in host memory.

/** Labeled images in host memory. */
export type Examples = {
  /** What messages call them, such as `mnist/train`. */
  readonly name: string;
  /** The pixels, 0 to 255, image after image: `[N, H, W, C]`. */
  readonly images: Uint8Array;
  /** The class of each image, an index into {@linkcode classNames}: `[N]`. */
  readonly labels: Uint8Array | Uint16Array;
  /** Height, width and channels of each image. */
  readonly imageShape: readonly [height: number, width: number, channels: number];
  /** The name of each class. */
  readonly classNames: readonly string[];
};

/** How many values one image has. */
export function imageSize({ imageShape }: Pick<Examples, "imageShape">): number {
  const [height, width, channels] = imageShape;
  return height * width * channels;
}
