// Classifies a digit while it is drawn.
import * as nc from "neocog";
import { run, say, showBars, start } from "./common.js";

const canvas = document.querySelector("#canvas");
const context = canvas.getContext("2d", { willReadFrequently: true });
const bars = document.querySelector("#classes");
const hint = bars.textContent;

/** The drawing as MNIST has digits: 20 pixels high or wide, its center of mass in the middle of 28×28. */
function digit() {
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let [left, top, right, bottom] = [canvas.width, canvas.height, -1, -1];
  for (let y = 0; y < canvas.height; y++) {
    for (let x = 0; x < canvas.width; x++) {
      if (data[4 * (y * canvas.width + x)] === 0) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
  }
  if (right < 0) return undefined;
  const [width, height] = [right - left + 1, bottom - top + 1];
  const scale = 20 / Math.max(width, height);
  const place = (dx, dy) => {
    const small = new OffscreenCanvas(28, 28).getContext("2d");
    small.imageSmoothingQuality = "high";
    const [w, h] = [width * scale, height * scale];
    small.drawImage(canvas, left, top, width, height, 14 - w / 2 + dx, 14 - h / 2 + dy, w, h);
    const values = small.getImageData(0, 0, 28, 28).data;
    return Float32Array.from({ length: 784 }, (_, i) => values[4 * i] / 255);
  };
  const first = place(0, 0);
  let [sum, x, y] = [0, 0, 0];
  first.forEach((value, i) => {
    sum += value;
    x += value * (i % 28 + 0.5);
    y += value * (Math.floor(i / 28) + 0.5);
  });
  return { width: 28, height: 28, channels: 1, pixels: place(14 - x / sum, 14 - y / sum) };
}

await run(async () => {
  await start();
  const weights = "./digits.safetensors";
  let network = await nc.open(weights);
  say(`${document.querySelector("#status").textContent}; draw with the mouse or a finger`);
  let isBusy = false;
  let isStale = false;
  const classify = async () => {
    isStale = true;
    if (isBusy) return;
    isBusy = true;
    try {
      while (isStale) {
        isStale = false;
        const image = digit();
        if (image) showBars(bars, await scores(image));
        else bars.textContent = hint;
      }
    } finally {
      isBusy = false;
    }
  };
  // A tab that slept may have lost its device, and with it the network.
  const scores = (image) =>
    nc.device.recover(async (losses) => {
      if (losses > 0) network = await nc.open(weights);
      return await nc.classify(network, image, { top: 10 });
    });
  let last;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = undefined;
    draw(event);
  });
  canvas.addEventListener("pointermove", (event) => event.buttons && draw(event));
  function draw({ offsetX: x, offsetY: y }) {
    context.strokeStyle = "#fff";
    context.lineWidth = 22;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...(last ?? [x, y]));
    context.lineTo(x, y);
    context.stroke();
    last = [x, y];
    run(classify);
  }
  document.querySelector("#clear").addEventListener("click", () => {
    context.clearRect(0, 0, canvas.width, canvas.height);
    run(classify);
  });
});
