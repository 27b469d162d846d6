// The picture beside every view: where it comes from, and what the network takes it for.
import { workplace } from "../../web/page/channel.js";
import { canvasOf, drawPicture, frameBox } from "../../web/page/canvas.js";
import { el, settled } from "../../web/page/dom.js";
import { showBars } from "./bars.js";
import { cameraDialog, drawDialog } from "./dialogs.js";
import { keep, kept } from "./store.js";

/** The kinds of files that the task decodes; others are turned into PNG by the browser. */
const DECODED = ["image/png", "image/jpeg"];

/** A picture file of a kind that the task decodes. */
async function decodable(blob) {
  if (DECODED.includes(blob.type)) return blob;
  const bitmap = await createImageBitmap(blob);
  const canvas = canvasOf(bitmap.width, bitmap.height, "");
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** Makes the side of the page. */
export function makeSide(place, app) {
  const { info } = app;
  const known = new Set();
  const canvas = canvasOf(1, 1, "The picture as the network takes it");
  const box = el("div", { class: "box", hidden: true });
  const caption = el("p", { class: "small muted" });
  const bars = el("div");
  const status = el("p", { role: "status" });
  const work = workplace(app.channel, status);
  const listeners = new Set();
  let shown;

  const bring = async (blob, { replace = false } = {}) => {
    work.say("");
    try {
      const file = await decodable(blob).catch(() => {
        throw new Error("Cannot take the file: it must be a picture");
      });
      const response = await fetch("/picture", { method: "POST", body: file });
      const { image, error } = await response.json();
      if (error) throw new Error(error);
      known.add(image);
      await keep(image, file);
      app.set({ image }, { replace });
    } catch (error) {
      work.say(error.message, "wrong");
    }
  };

  /** Brings a picture of an earlier server to this one. */
  const ensure = async (name) => {
    if (!name?.startsWith("own:") || known.has(name)) return;
    const blob = await kept(name);
    if (!blob) return;
    const response = await fetch("/picture", { method: "POST", body: blob });
    if (response.ok) known.add(name);
  };

  const input = el("input", {
    type: "file",
    accept: "image/*",
    class: "hidden",
    tabindex: "-1",
    "aria-label": "A picture file",
    onchange: () => input.files[0] && bring(input.files[0]).then(() => input.value = ""),
  });
  const sources = el(
    "div",
    { class: "sources" },
    el("button", { type: "button", class: "open", onclick: () => input.click() }, "Open…"),
    el("button", { type: "button", class: "draw", onclick: () => drawDialog(info, bring) }, "Draw"),
    el(
      "button",
      { type: "button", class: "camera", onclick: () => cameraDialog(bring, work.say) },
      "Camera",
    ),
    info.first === "file"
      ? el("button", { type: "button", onclick: () => app.set({ image: "file" }) }, "The first one")
      : null,
    input,
  );
  const number = el("input", {
    type: "number",
    min: 0,
    max: info.data ? info.data.count - 1 : 0,
    "aria-label": "Number of the test image",
  });
  const toNumber = (n) =>
    app.set({ image: `test:${Math.max(0, Math.min(info.data.count - 1, n))}` });
  number.addEventListener(
    "input",
    settled(250, () => {
      if (number.value !== "" && number.checkValidity()) toNumber(Number(number.value));
    }),
  );
  const nth = info.data
    ? el(
      "div",
      { class: "nth" },
      el("button", {
        type: "button",
        "aria-label": "Image before",
        onclick: () => toNumber(Number(number.value) - 1),
      }, "‹"),
      number,
      el("button", {
        type: "button",
        "aria-label": "Next image",
        onclick: () => toNumber(Number(number.value) + 1),
      }, "›"),
      el("span", { class: "small muted" }, `of ${info.data.count} in ${info.data.name}`),
    )
    : null;
  place.replaceChildren(
    el(
      "div",
      { class: "pair" },
      el("div", {}, el("div", { class: "photo" }, canvas, box), caption),
      el("div", {}, el("h2", {}, "It says"), bars, status),
    ),
    nth ?? "",
    sources,
    el("p", { class: "small muted" }, "Or drop a picture, or paste one."),
  );

  addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files][0];
    if (file) bring(file);
  });
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener(
    "dragleave",
    (event) => event.relatedTarget === null && document.body.classList.remove("dropping"),
  );
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    const file = event.dataTransfer.files[0];
    if (file) bring(file);
  });

  const side = {
    canvas,
    /** The picture's bytes and what the network says, once they are known. */
    seen: undefined,
    /** Frames a box of pixels in the picture; `null` for none. */
    frame: (pixels) => frameBox(box, canvas, pixels),
    /** Shows other probabilities beside the picture's own; none shows these alone. */
    compare(after) {
      if (side.seen?.arrays.probabilities) {
        showBars(bars, app.info.classNames, side.seen.arrays.probabilities.values, {
          after,
          onPick: (index) => app.go("why", { class: index }),
        });
      }
    },
    /** Calls a function now and whenever another picture was seen. */
    watch(listener) {
      listeners.add(listener);
      if (side.seen) listener(side.seen);
      return () => listeners.delete(listener);
    },
    /** Calls a function when the picture is seen: now, or once it is. */
    once(listener) {
      if (side.seen) return listener();
      const unwatch = side.watch(() => {
        unwatch();
        listener();
      });
    },
    /** Another server may not know what this page has brought. */
    forget() {
      known.clear();
      shown = undefined;
    },
    async update(image) {
      if (image === shown) return;
      shown = image;
      side.seen = undefined;
      if (image?.startsWith("test:")) number.value = image.slice(5);
      if (!image) return work.say("Choose a picture to begin with.");
      await ensure(image);
      work.run("see", { image }).then((seen) => {
        if (!seen) return;
        side.seen = seen;
        drawPicture(canvas, seen.arrays.picture);
        canvas.setAttribute("aria-label", `${seen.source}, as the network takes it`);
        const name = seen.source.split(/[\\/]/).at(-1);
        caption.title = seen.source;
        caption.textContent = `${name}${seen.inverted ? ", dark and light swapped" : ""}`;
        side.frame(null);
        side.compare(undefined);
        listeners.forEach((listener) => listener(seen));
      });
    },
  };
  app.side = side;
  return side;
}
