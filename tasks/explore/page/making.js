// A picture in the making: each step is seen, it can be stopped, and saved as PNG or GIF.
import { workplace } from "../../web/page/channel.js";
import { canvasOf, drawPicture } from "../../web/page/canvas.js";
import { el, saveBlob } from "../../web/page/dom.js";
import { showAgain } from "./again.js";

/**
 * Makes the place of a picture in the making.
 *
 * @param name what the picture is, for its description and its file
 * @param start what the button says
 * @param requestOf gives the request's name and parameters
 * @param describe gives a sentence about a result
 */
export function makeMaking(app, { name, start, requestOf, describe }) {
  const status = el("p", { role: "status" });
  const work = workplace(app.channel, status);
  const canvas = canvasOf(1, 1, `The ${name}`);
  const step = el("p", { class: "small muted", "aria-live": "off" });
  const begin = el("button", { type: "button", class: "main begin" }, start);
  const stop = el("button", { type: "button", class: "stop", disabled: true }, "Stop");
  const png = el("button", { type: "button", disabled: true }, "Save PNG");
  const gif = el("button", { type: "button", disabled: true }, "Save GIF");
  const again = el("div");
  const figure = el("div", { class: "making", hidden: true }, canvas, step);
  let animation;
  let isRunning = 0;

  const draw = (message) => {
    figure.hidden = false;
    drawPicture(canvas, message.arrays.picture);
  };
  const run = async () => {
    const own = ++isRunning;
    const { request, params } = requestOf();
    stop.disabled = false;
    png.disabled = gif.disabled = true;
    again.replaceChildren();
    const answer = await work.run(request, params, (part) => {
      draw(part);
      const octave = part.octaves ? `, octave ${part.octave + 1} of ${part.octaves}` : "";
      step.textContent = `Step ${part.step}${octave}: ${part.score.toPrecision(4)}`;
    });
    if (own !== isRunning) return;
    stop.disabled = true;
    if (!answer) return;
    draw(answer);
    animation = answer.animation;
    png.disabled = gif.disabled = false;
    step.textContent = describe(answer);
    showAgain(again, answer);
  };
  begin.addEventListener("click", run);
  stop.addEventListener("click", () => work.stop());
  png.addEventListener("click", () => canvas.toBlob((blob) => saveBlob(blob, `${name}.png`)));
  gif.addEventListener("click", async () => {
    const made = await work.run("gif", { animation });
    if (made) saveBlob(new Blob([made.arrays.gif.values], { type: "image/gif" }), `${name}.gif`);
  });
  return {
    element: el(
      "section",
      {},
      el("div", { class: "sources" }, begin, stop, png, gif),
      status,
      figure,
      again,
    ),
    run,
    /** Forgets what is shown, as it is of another picture or layer. */
    clear() {
      isRunning++;
      work.cancel();
      stop.disabled = png.disabled = gif.disabled = true;
      figure.hidden = true;
      again.replaceChildren();
    },
    dispose: () => work.cancel(),
  };
}

/** A number of the address, in a field; an empty one is the usual. */
export function numberField(app, param, { usual, min, max, step = 1 }) {
  const input = el("input", { type: "number", min, max, step, placeholder: usual });
  input.addEventListener(
    "change",
    () => input.reportValidity() && app.set({ [param]: input.value }),
  );
  return input;
}

/** The values of fields that are filled in. */
export function valuesOf(fields) {
  const given = Object.entries(fields).filter(([, input]) =>
    input.value !== "" && input.checkValidity()
  );
  return Object.fromEntries(given.map(([name, input]) => [name, Number(input.value)]));
}
