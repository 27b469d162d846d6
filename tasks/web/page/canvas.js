// Pictures and maps on canvases.
/** A canvas with a description. */
export function canvasOf(width, height, label) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  return canvas;
}

/** The least side of pictures that are shown as photos, without visible pixels. */
const PHOTO = 96;

/** Draws red, green and blue bytes that a function gives for each pixel. */
function draw(canvas, width, height, colorOf) {
  canvas.width = width;
  canvas.height = height;
  canvas.classList.toggle("smooth", Math.min(width, height) >= PHOTO);
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const [red, green, blue] = colorOf(i);
    image.data.set([red, green, blue, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

/** Draws a picture of bytes, `[H, W, 1]` or `[H, W, 3]`. */
export function drawPicture(canvas, { shape: [height, width, channels], values }) {
  draw(canvas, width, height, (i) => {
    const at = channels * i;
    return channels === 1
      ? [values[at], values[at], values[at]]
      : [values[at], values[at + 1], values[at + 2]];
  });
}

/** Draws one of several maps of bytes, `[C, H, W]`. */
export function drawMap(canvas, { shape: [, height, width], values }, index) {
  const from = index * height * width;
  draw(canvas, width, height, (i) => {
    const value = values[from + i];
    return [value, value, value];
  });
}

/** Draws a change of pixels, magnified, around gray. */
export function drawChange(canvas, { shape: [height, width, channels], values }, factor) {
  const byte = (value) => Math.max(0, Math.min(255, 127.5 + 255 * factor * value));
  draw(canvas, width, height, (i) => {
    const at = channels * i;
    const first = byte(values[at]);
    return channels === 1
      ? [first, first, first]
      : [first, byte(values[at + 1]), byte(values[at + 2])];
  });
}

/** The magnitude that all but a few of the values do not exceed. */
function boundOf(values) {
  const sizes = Float32Array.from(values, Math.abs).sort();
  return sizes[Math.ceil(0.995 * (sizes.length - 1))] || sizes.at(-1) || 1;
}

/**
 * Draws numbers as colors over a picture in gray.
 *
 * @param colors 256 colors for numbers from 0, or around 0
 * @param opacity of the colors, from 0 to 1
 */
export function drawOverlay(canvas, picture, map, { signed, colors, opacity }) {
  const { shape: [height, width, channels], values } = picture;
  const most = boundOf(map.values);
  draw(canvas, width, height, (i) => {
    const at = channels * i;
    const gray = channels === 1
      ? values[at]
      : 0.299 * values[at] + 0.587 * values[at + 1] + 0.114 * values[at + 2];
    const share = Math.max(-1, Math.min(1, map.values[i] / most));
    const place = signed ? (share + 1) / 2 : Math.max(0, share);
    const color = colors[Math.round(255 * place)];
    // Colors fade with their numbers, so that the picture is seen where nothing counts.
    const alpha = opacity * Math.abs(share);
    return color.map((value) => (1 - alpha) * gray + alpha * value);
  });
}

/** Frames a box of pixels over a canvas, by an element above it. */
export function frameBox(frame, canvas, box) {
  frame.hidden = box === null;
  if (box === null) return;
  const { width, height } = canvas;
  const clip = (value, most) => Math.max(0, Math.min(most, value));
  const [left, right] = [clip(box.left, width), clip(box.left + box.width, width)];
  const [top, bottom] = [clip(box.top, height), clip(box.top + box.height, height)];
  frame.style.left = `${100 * left / width}%`;
  frame.style.width = `${100 * (right - left) / width}%`;
  frame.style.top = `${100 * top / height}%`;
  frame.style.height = `${100 * (bottom - top) / height}%`;
}
