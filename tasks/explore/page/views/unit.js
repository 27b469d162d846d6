// A unit: what it responds to in a data set, the picture that it responds to most, its filter.
import { workplace } from "../../../web/page/channel.js";
import { canvasOf, drawPicture } from "../../../web/page/canvas.js";
import { brief, el, labeled, select } from "../../../web/page/dom.js";
import { showAgain } from "../again.js";
import { makeMaking, numberField, valuesOf } from "../making.js";

const RULES = {
  deconvnet: "what DeconvNet brings back",
  guided: "guided",
  backprop: "its gradient",
};

/** The view. */
export function makeView(place, app) {
  const { info } = app;
  const shapes = new Map(info.layers.map(({ path, shape }) => [path, shape]));
  const layer = select({}, [...shapes.keys()]);
  layer.addEventListener(
    "change",
    () => app.set({ layer: layer.value, unit: "" }, { replace: false }),
  );
  const unit = el("input", { type: "number", min: 0, value: 0 });
  unit.addEventListener("change", () => unit.reportValidity() && app.set({ unit: unit.value }));
  const step = (by) => {
    const next = Number(unit.value) + by;
    if (next >= 0 && next <= Number(unit.max)) app.set({ unit: next });
  };
  const [patchStatus, filterStatus] = [el("p", { role: "status" }), el("p", { role: "status" })];
  const patchWork = workplace(app.channel, patchStatus);
  const filterWork = workplace(app.channel, filterStatus);
  const patches = el("div", { class: "strip" });
  const patchAgain = el("div");
  const filterPlace = el("div");
  const fields = {
    steps: numberField(app, "steps", { usual: "96", min: 1, max: 2000 }),
    seed: numberField(app, "seed", { usual: "0", min: 0, max: 2 ** 31 }),
  };
  const style = select({}, [["natural", "natural"], ["l2", "from zeros, with L2"]]);
  style.addEventListener("change", () => app.set({ style: style.value }));
  const making = makeMaking(app, {
    name: "unit",
    start: "Make it",
    requestOf: () => ({
      request: "unit-image",
      params: {
        layer: layer.value,
        unit: Number(unit.value),
        style: style.value,
        ...valuesOf(fields),
      },
    }),
    describe: ({ steps, before, after }) =>
      `${steps} steps: from ${brief(before)} to ${brief(after)}.`,
  });
  place.append(
    el("h2", {}, "What does a unit look for?"),
    el(
      "div",
      { class: "controls" },
      labeled("Layer", layer),
      el("button", { type: "button", "aria-label": "Unit before", onclick: () => step(-1) }, "‹"),
      labeled("Unit", unit),
      el("button", { type: "button", "aria-label": "Next unit", onclick: () => step(1) }, "›"),
    ),
    el("h3", {}, "In the data set"),
    patchStatus,
    patches,
    patchAgain,
    el(
      "div",
      { class: "columns" },
      el(
        "section",
        {},
        el("h3", {}, "The picture it responds to most"),
        el(
          "div",
          { class: "controls" },
          labeled("Style", style),
          labeled("Steps", fields.steps),
          labeled("Seed", fields.seed),
        ),
        making.element,
      ),
      el("section", {}, el("h3", {}, "Its filter"), filterStatus, filterPlace),
    ),
  );

  const showPatches = (found) => {
    patches.replaceChildren(...found.patches.map(({ image, activation, label, box }, i) => {
      const crop = canvasOf(1, 1, `Patch ${i + 1}, of ${image}, a ${label}`);
      drawPicture(crop, found.arrays[`crop${i}`]);
      const back = found.rules.map((rule) => {
        const canvas = canvasOf(1, 1, `${RULES[rule]} of patch ${i + 1}`);
        canvas.title = RULES[rule];
        drawPicture(canvas, found.arrays[`${rule}${i}`]);
        return canvas;
      });
      return el(
        "figure",
        {},
        el("a", {
          href: "#",
          title: `Show ${image}`,
          onclick: (event) => {
            event.preventDefault();
            app.set({ image });
            app.side.once(() => app.side.frame(box));
          },
        }, crop),
        ...back,
        el("figcaption", {}, `${label}: ${brief(activation)}`),
      );
    }));
    patchStatus.textContent =
      `The ${found.patches.length} of ${found.images} images that excite it most, with ${
        found.rules.map((rule) => RULES[rule]).join(" and ")
      } below.`;
    showAgain(patchAgain, found);
  };

  let key;
  return {
    async update(params) {
      layer.value = shapes.has(params.layer)
        ? params.layer
        : info.mapLayers[0] ?? [...shapes.keys()][0];
      const count = shapes.get(layer.value).at(-1);
      unit.max = count - 1;
      unit.value = /^\d+$/.test(params.unit ?? "") ? Math.min(count - 1, Number(params.unit)) : 0;
      style.value = params.style === "l2" ? "l2" : "natural";
      for (const [name, input] of Object.entries(fields)) input.value = params[name] ?? "";
      const next = `${layer.value} ${unit.value}`;
      if (next === key) return;
      key = next;
      making.clear();
      patches.replaceChildren();
      patchAgain.replaceChildren();
      filterPlace.replaceChildren();
      const request = { layer: layer.value, unit: Number(unit.value) };
      filterWork.run("filter", request).then((found) => {
        if (!found) return;
        if (!found.path) {
          return filterWork.say("It cannot be seen: only convolutions of a few maps are shown.");
        }
        const canvas = canvasOf(1, 1, `The filter of unit ${request.unit} in ${found.path}`);
        drawPicture(canvas, found.arrays.picture);
        canvas.className = "filter";
        const again = el("div");
        filterPlace.replaceChildren(
          canvas,
          el(
            "p",
            { class: "small muted" },
            `Weights of ${found.path}, one picture for each input map; gray is 0.`,
          ),
          again,
        );
        showAgain(again, found);
      });
      const found = await patchWork.run("patches", request);
      if (found) showPatches(found);
    },
    dispose() {
      patchWork.cancel();
      filterWork.cancel();
      making.dispose();
    },
  };
}
