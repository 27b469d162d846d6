// The only import of jpeg-js, which decodes JPEG files in plain JavaScript.

// Of the decoders on npm it fits best. It works from a URL import, while those of WebAssembly have
// to find a second file; and it throws if data ends too early, while those based on libjpeg
// (@jsquash/jpeg 1.6.0) make the rest gray. It repeats colors that are stored at half the size, and
// truncates colors, while libjpeg interpolates and rounds: about one level of 255 from PIL, a third
// of one too dark.
export { decode } from "npm:jpeg-js@0.4.4";
