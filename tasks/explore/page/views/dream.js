// Dream: what a layer sees in the picture, amplified from coarse to fine.
import { el, labeled, select } from "../../../web/page/dom.js";
import { makeMaking, numberField, valuesOf } from "../making.js";

/** The view. */
export function makeView(place, app) {
  const { info } = app;
  const layer = select({}, info.mapLayers);
  layer.addEventListener("change", () => app.set({ layer: layer.value }));
  const from = select({}, [["picture", "the picture"], ["noise", "noise"]]);
  from.addEventListener("change", () => app.set({ from: from.value }));
  const fields = {
    size: numberField(app, "size", { usual: "usual", min: 16, max: 1024 }),
    octaves: numberField(app, "octaves", { usual: "4", min: 1, max: 12 }),
    octaveScale: numberField(app, "octaveScale", { usual: "1.4", min: 1.05, max: 4, step: "any" }),
    steps: numberField(app, "steps", { usual: "20", min: 1, max: 500 }),
    rate: numberField(app, "rate", { usual: "0.007", min: 0.00001, max: 1, step: "any" }),
    jitter: numberField(app, "jitter", { usual: "usual", min: 0, max: 256 }),
    seed: numberField(app, "seed", { usual: "0", min: 0, max: 2 ** 31 }),
  };
  const names = {
    size: "Shorter side",
    octaves: "Octaves",
    octaveScale: "Their ratio",
    steps: "Steps each",
    rate: "Rate",
    jitter: "Shift",
    seed: "Seed",
  };
  const making = makeMaking(app, {
    name: "dream",
    start: "Dream",
    requestOf: () => ({
      request: "dream",
      params: {
        image: app.params.image,
        layer: layer.value,
        from: from.value,
        ...valuesOf(fields),
      },
    }),
    describe: ({ isWhole, scores }) =>
      `${isWhole ? "Done" : "Stopped"}: the layer's energy went from ${
        scores.at(-1)[0].toPrecision(4)
      } to ${scores.at(-1)[1].toPrecision(4)} in the last octave.`,
  });
  place.append(
    el("h2", {}, "Dream"),
    el(
      "p",
      { class: "small muted" },
      "What a layer sees in the picture is amplified, from coarse to fine.",
    ),
    el(
      "div",
      { class: "controls" },
      labeled("Layer", layer),
      labeled("Begin with", from),
      ...Object.entries(fields).map(([name, input]) => labeled(names[name], input)),
    ),
    making.element,
  );
  let key;
  return {
    update(params) {
      layer.value = info.mapLayers.includes(params.layer) ? params.layer : info.usual.dream ?? "";
      from.value = params.from === "noise" ? "noise" : "picture";
      for (const [name, input] of Object.entries(fields)) input.value = params[name] ?? "";
      const next = JSON.stringify([params.image, layer.value, from.value, valuesOf(fields)]);
      if (key !== undefined && key !== next) making.clear();
      key = next;
    },
    dispose: making.dispose,
  };
}
