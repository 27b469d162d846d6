// Makes the README's picture from SqueezeNet and a photo of a cat, which are in the folder that is
// named: Grad-CAM, DeepDream, and an image of flamingos. A minute on two cores.
// deno run -A examples/gallery/banner.ts ../shared/data
import * as nc from "../../mod.ts";

const [data] = Deno.args;
if (data === undefined) throw new Error("name the folder of squeezenet1_0-imagenet.safetensors");
const photo = ["--image", `${data}/photos/chelsea.png`];
const PARTS: readonly (readonly [label: string, file: string, ...task: string[]])[] = [
  ["Grad-CAM", "grad-cam-overlay.png", "explain", "grad-cam", ...photo],
  ["DeepDream", "dream.png", "generate", "deep-dream", ...photo],
  ['"flamingo"', "class-130.png", "generate", "class-image", "--class", "flamingo"],
];
const SIDE = 224;

/** The middle of a picture, as a square of `SIDE` pixels in color. */
function square({ width, height, channels, pixels }: nc.image.Image): nc.image.Image {
  const side = Math.min(width, height);
  const [top, left] = [(height - side) >> 1, (width - side) >> 1];
  const middle = Float32Array.from({ length: side * side * 3 }, (_, i) => {
    const place = Math.floor(i / 3);
    const pixel = (top + Math.floor(place / side)) * width + left + place % side;
    return pixels[pixel * channels + (channels === 1 ? 0 : i % 3)]!;
  });
  const image = { width: side, height: side, channels: 3, pixels: middle } as const;
  return nc.image.resize(image, SIDE, SIDE, "bicubic");
}

const images: nc.image.Image[] = [];
for (const [, file, ...task] of PARTS) {
  const out = await Deno.makeTempDir();
  const weights = ["--weights", `${data}/squeezenet1_0-imagenet.safetensors`, "--out", out];
  const { success } = await new Deno.Command("deno", {
    args: ["task", "--quiet", ...task, ...weights],
  })
    .spawn().status;
  if (!success) Deno.exit(1);
  images.push(square(await nc.image.decodeImage(await Deno.readFile(`${out}/${file}`), file)));
  await Deno.remove(out, { recursive: true });
}
const row = nc.image.sideBySide(images, { labels: PARTS.map(([label]) => label) });
await Deno.writeFile(new URL("banner.png", import.meta.url), nc.image.encodePng(row));
