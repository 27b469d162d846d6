// Tensors as textures: the way in which software adapters read memory fast.

/** Texels of a row: `1 << WIDTH_BITS`. */
export const WIDTH_BITS = 12;

/** What a texel holds: four numbers, or one. */
export type Texels = "rgba32float" | "r32float" | "rgba16float" | "r16float";

/** The texels of the same tensor held as float16. */
export const HALF_TEXELS = { rgba32float: "rgba16float", r32float: "r16float" } as const;

/** Bytes of a texel. */
const BYTES: Readonly<Record<Texels, number>> = {
  rgba32float: 16,
  r32float: 4,
  rgba16float: 8,
  r16float: 2,
};

/** Textures up to this size stay filled until the last dispatch that wants the same numbers. */
export const KEPT_BYTES = 8 << 20;

/** Textures up to this size may be kept between the calls of a recorded function. */
export const LASTING_BYTES = 16 << 20;

/** Whether WGSL has storage textures of such texels without further features; else they are sampled. */
export function isStorageFormat(texels: Texels): boolean {
  return texels !== "r16float";
}

/** A texture that holds a tensor's numbers. */
export type HeldTexture = { readonly view: GPUTextureView; readonly texture: GPUTexture };

/**
 * Textures that hold copies of tensors for a dispatch each. Mesa's software
 * driver reads a storage buffer lane by lane in branches, but a texture in
 * vectors, and a storage texture without the checks of a sampled one. Measured on
 * llvmpipe (LLVM 15, 8 lanes), the marginal time of reading four numbers in all
 * lanes: 20 ns from a storage buffer, 13 from a sampled texture, 5 from a storage
 * texture; so that a copy pays where numbers are read several times.
 */
export type TexturePool = {
  /**
   * A texture for as many bytes, with whatever numbers.
   *
   * @param bytes as many as fill texels
   * @param texels what a texel holds
   * @param lasts whether its numbers are to stay between commands: what others have had is not
   * given then, as recorded commands still fill it
   */
  take(bytes: number, texels: Texels, lasts?: boolean): HeldTexture;
  /**
   * Gives a texture back; later commands may fill it anew.
   *
   * @param lasts as it was taken
   */
  release(held: HeldTexture, lasts?: boolean): void;
  /** Frees the textures that are not in use: among them may be some that were never made. */
  purge(): void;
  /** Bytes of all its textures. */
  readonly bytes: number;
};

/**
 * Whether a tensor can be held by a texture.
 *
 * @param size its number of elements
 */
export function fitsTexture(
  size: number,
  limits: GPUSupportedLimits,
  texels: keyof typeof HALF_TEXELS = "rgba32float",
): boolean {
  const numbers = BYTES[texels] / 4;
  const rows = Math.ceil(size / numbers / (1 << WIDTH_BITS));
  return size % numbers === 0 && rows <= limits.maxTextureDimension2D;
}

/**
 * What a copy of a tensor into a texture costs on adapters that compute on the
 * CPU, and what each number that an invocation reads of it gains, in nanoseconds:
 * measured on llvmpipe. The copy also ends the pass.
 */
const COPY = {
  pass: 40_000,
  number: 0.25,
  gain: { rgba32float: 0.25, r32float: 0.4 },
} as const;

/**
 * Whether a software adapter gains by reading tensors from textures.
 *
 * @param size how many numbers are copied
 * @param reads how many numbers all invocations read of them
 * @param least nanoseconds of a core that must be gained at least. Default: 0
 */
export function paysToCopy(
  size: number,
  reads: number,
  texels: keyof typeof COPY.gain = "rgba32float",
  least = 0,
): boolean {
  return reads * COPY.gain[texels] > COPY.pass + COPY.number * size + least;
}

/**
 * Copies a buffer's numbers into a texture.
 *
 * @param buffer the numbers
 */
export function fillTexture(
  encoder: GPUCommandEncoder,
  buffer: GPUBuffer,
  bytes: number,
  texture: GPUTexture,
): void {
  const width = 1 << WIDTH_BITS;
  const texel = BYTES[texture.format as Texels];
  const bytesPerRow = width * texel;
  const rows = Math.floor(bytes / bytesPerRow);
  const rest = bytes / texel - rows * width;
  if (rows > 0) {
    encoder.copyBufferToTexture({ buffer, bytesPerRow }, { texture }, [width, rows]);
  }
  if (rest > 0) {
    const source = { buffer, offset: rows * bytesPerRow, bytesPerRow };
    encoder.copyBufferToTexture(source, { texture, origin: [0, rows] }, [rest, 1]);
  }
}

/** Makes an empty pool. */
export function texturePool(device: GPUDevice): TexturePool {
  const free = new Map<string, HeldTexture[]>();
  const width = 1 << WIDTH_BITS;
  let bytes = 0;
  const make = (format: Texels, height: number): HeldTexture => {
    const texture = device.createTexture({
      size: [width, height],
      format,
      usage: GPUTextureUsage.COPY_DST |
        (isStorageFormat(format)
          ? GPUTextureUsage.STORAGE_BINDING
          : GPUTextureUsage.TEXTURE_BINDING),
    });
    bytes += width * height * BYTES[format];
    return { texture, view: texture.createView() };
  };
  return {
    take(wanted, format, lasts = false) {
      // Powers of two, so that few sizes serve all tensors.
      const height = 2 ** Math.ceil(Math.log2(Math.max(1, wanted / BYTES[format] / width)));
      return free.get(`${format} ${height} ${lasts}`)?.pop() ?? make(format, height);
    },
    release(held, lasts = false) {
      const key = `${held.texture.format} ${held.texture.height} ${lasts}`;
      const list = free.get(key);
      if (list) list.push(held);
      else free.set(key, [held]);
    },
    purge(): void {
      for (const { texture } of [...free.values()].flat()) {
        bytes -= texture.width * texture.height * BYTES[texture.format as Texels];
        texture.destroy();
      }
      free.clear();
    },
    get bytes() {
      return bytes;
    },
  };
}
