// The one place that names jpeg-js, which decodes JPEG files in plain JavaScript.

// Of the decoders on npm it is the one that fits: it works from a URL import, where those of
// WebAssembly have to find a second file; and it throws where data ends too early, where those
// around libjpeg (@jsquash/jpeg 1.6.0) make the rest gray and answer it. It repeats colors that
// are stored at half the size where libjpeg interpolates, and drops the fractions of colors where
// libjpeg rounds: about one level of 255 from PIL, a third of one too dark.
export { decode } from "npm:jpeg-js@0.4.4";
