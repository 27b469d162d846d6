// JPEG by libjpeg-turbo, compiled to plain JavaScript, which is loaded with the first picture.

// Of the packages on npm this one is as exact as Pillow and three times as fast as jpeg-js 0.4.4, and it is
// one file: those of WebAssembly (@cwasm/jpeg-turbo 0.1.3, @jsquash/jpeg 1.6.0) read a second one, which
// needs a permission, and @jsquash/jpeg makes what is cut off gray, where this refuses the file.

// Not a literal inside `import()`: Deno fetches those when a program starts.
const LIBJPEG = "npm:@cornerstonejs/codec-libjpeg-turbo-8bit@1.2.8/decode";

/** What the package, which has no types, is used for. */
type Module = {
  readonly JPEGDecoder: new () => Decoder;
  readonly HEAPU8: Uint8Array;
};
type Decoder = {
  /** Where the file goes. */
  getEncodedBuffer(length: number): Uint8Array;
  /** Throws a number for an error, and for a warning, as of data that ends too early. */
  decode(): void;
  /** The samples, in memory of the package's. */
  getDecodedBuffer(): Uint8Array;
};
type Package = typeof import("npm:@cornerstonejs/codec-libjpeg-turbo-8bit@1.2.8/decode");

/**
 * The bytes of memory beyond which the package is dropped. It begins with 50 MiB; what has grown for a
 * large picture does not shrink, and each damaged file leaves some 4 KB.
 */
const MOST_MEMORY = 2 ** 28;

type Library = { readonly module: Module; readonly decoder: Decoder };

let library: Promise<Library> | undefined;

/**
 * Loads the package.
 *
 * @returns what decodes a file of gray or color, to `[height, width, 1 or 3]`; it throws if the file's
 * data is damaged
 */
export async function loadLibjpeg(): Promise<(bytes: Uint8Array) => Uint8Array<ArrayBuffer>> {
  const loaded = await (library ??= load());
  return (bytes) => samplesOf(loaded, bytes);
}

async function load(): Promise<Library> {
  try {
    const { default: factory } = await import(LIBJPEG) as Package;
    const module: Module = await factory();
    return { module, decoder: new module.JPEGDecoder() };
  } catch (error) {
    library = undefined; // To be tried again.
    throw error;
  }
}

function samplesOf({ module, decoder }: Library, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    return new Uint8Array(decoder.getDecodedBuffer());
  } catch (cause) {
    if (typeof cause === "number") throw new Error("libjpeg-turbo refuses it"); // It does not say why.
    library = undefined; // Out of memory it has ended.
    throw cause;
  } finally {
    if (module.HEAPU8.length > MOST_MEMORY) library = undefined;
  }
}
