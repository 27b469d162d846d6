// What the pages share: the start of the device, words on the page, bars of classes.
import * as nc from "neocog";

const status = document.querySelector("#status");

/** Says something below the page's heading. */
export function say(text, isError = false) {
  status.textContent = text;
  status.classList.toggle("error", isError);
}

/** Runs the page's work, and says what went wrong. */
export async function run(work) {
  try {
    await work();
  } catch (error) {
    say(error.message, true);
    console.warn(error);
  }
}

/** Starts WebGPU, or the slow CPU backend where there is none. */
export async function start() {
  try {
    const { adapter, software } = await nc.start();
    say(`WebGPU on ${adapter}${software ? ", a software adapter" : ""}`);
  } catch (error) {
    if (error.kind !== "missing") throw error;
    await nc.start({ backend: "cpu" });
    say(error.message, true);
  }
}

/** Shows classes as bars. */
export function showBars(element, classes) {
  element.replaceChildren(...classes.map(({ name, probability }, i) => {
    const row = document.createElement("div");
    row.className = i === 0 ? "bar first" : "bar";
    const [label, track, bar, share] = ["span", "span", "i", "span"].map((tag) =>
      document.createElement(tag)
    );
    label.textContent = name;
    bar.style.width = `${100 * probability}%`;
    share.textContent = `${(100 * probability).toFixed(1)} %`;
    track.append(bar);
    row.append(label, track, share);
    return row;
  }));
}

/** A picture of the library's as an address for `<img>`. */
export function pictureUrl(image) {
  return URL.createObjectURL(new Blob([nc.image.encodePng(image)], { type: "image/png" }));
}
