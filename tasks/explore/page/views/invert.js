// Invert: a picture, made from noise, that a layer takes for the one beside it.
import { el, labeled, select } from "../../../web/page/dom.js";
import { makeMaking, numberField, valuesOf } from "../making.js";

/** The view. */
export function makeView(place, app) {
  const { info } = app;
  const layer = select({}, info.layers.map(({ path }) => path));
  layer.addEventListener("change", () => app.set({ layer: layer.value }));
  const fields = {
    steps: numberField(app, "steps", { usual: "200", min: 1, max: 2000 }),
    variation: numberField(app, "variation", { usual: "by depth", min: 0, max: 1e6, step: "any" }),
    seed: numberField(app, "seed", { usual: "0", min: 0, max: 2 ** 31 }),
  };
  const names = { steps: "Steps", variation: "Smoothness", seed: "Seed" };
  const making = makeMaking(app, {
    name: "inversion",
    start: "Invert",
    requestOf: () => ({
      request: "inversion",
      params: { image: app.params.image, layer: layer.value, ...valuesOf(fields) },
    }),
    describe: ({ isWhole, distance }) =>
      `${isWhole ? "Done" : "Stopped"}: its features are ${
        (100 * distance).toFixed(1)
      } % away from the picture's.`,
  });
  place.append(
    el("h2", {}, "Invert"),
    el(
      "p",
      { class: "small muted" },
      "From noise a picture is made that the layer takes for yours: what is lost is what it does not know.",
    ),
    el(
      "div",
      { class: "controls" },
      labeled("Layer", layer),
      ...Object.entries(fields).map(([name, input]) => labeled(names[name], input)),
    ),
    making.element,
  );
  let key;
  return {
    update(params) {
      const paths = info.layers.map(({ path }) => path);
      layer.value = paths.includes(params.layer) ? params.layer : info.usual.dream ?? paths[0];
      for (const [name, input] of Object.entries(fields)) input.value = params[name] ?? "";
      const next = JSON.stringify([params.image, layer.value, valuesOf(fields)]);
      if (key !== undefined && key !== next) making.clear();
      key = next;
    },
    dispose: making.dispose,
  };
}
