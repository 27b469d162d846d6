// The one place that names jpeg-js, which decodes JPEG files in plain JavaScript.

// Of the decoders on npm it is the one that fits: it works from a URL import, where those of
// WebAssembly have to find a second file; and it throws where data ends too early, where those
// around libjpeg (@jsquash/jpeg) fill the rest with grey and go on. It knows no fast upsampling
// of colours by interpolation, which makes about one level of 255 of difference to PIL.
export { decode } from "npm:jpeg-js@0.4.4";
