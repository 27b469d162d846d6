// The network as a picture, with the sizes of each layer.
import { counted, el, labeled, svgFrom } from "../../../web/page/dom.js";
import { showBars } from "../bars.js";

const pair = (value) => Array.isArray(value) ? value.join(" × ") : `${value} × ${value}`;
const shapeText = (shape) => shape.join(" × ");

/** What is known of a layer, as names and texts. */
function factsOf({ path, op, shape, size }) {
  const window = size?.window;
  return [
    ["layer", path],
    [
      "kind",
      `${op}${window ? ` ${shapeText(window.size)}, stride ${pair([...window.stride])}` : ""}`,
    ],
    ["output", shapeText(shape)],
    ...(size
      ? [
        ["parameters", size.parameters.toLocaleString("en-US")],
        ["FLOPs", size.flops === null ? "unknown" : counted(size.flops)],
        [
          "receptive field",
          size.receptiveField === null ? "unknown" : `${pair(size.receptiveField)} pixels`,
        ],
      ]
      : []),
  ];
}

function list(facts) {
  return facts.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]);
}

/** The view. */
export function makeView(place, app) {
  const { info } = app;
  const layers = new Map(info.layers.map((layer) => [layer.path, layer]));
  const whole = [
    ["network", `${info.name}, ${info.weights}`],
    ["input", shapeText(info.inputShape)],
    ["parameters", info.parameters.toLocaleString("en-US")],
    ["FLOPs", `${counted(info.flops)}, a multiply-add being two`],
    ["depth", `${info.depth} layers with weights`],
    ["computed on", info.device],
  ];
  const facts = el("dl", { class: "facts", "aria-live": "polite" });
  const about = (path) => {
    const layer = layers.get(path);
    facts.replaceChildren(...list(layer ? factsOf(layer) : whole));
  };
  const bars = el("div");
  const end = el("div", { class: "end", "aria-label": "The most probable classes" }, bars);
  const svg = svgFrom(info.svg);
  svg.setAttribute("role", "group");
  const { width } = svg.viewBox.baseVal;
  const zoom = el("input", { type: "range", min: 20, max: 160, value: 100, step: 5 });
  zoom.addEventListener("input", () => app.set({ zoom: zoom.value === "100" ? "" : zoom.value }));
  const fit = el("button", {
    type: "button",
    onclick: () => {
      const room = picture.clientWidth - end.offsetWidth - 2;
      const share = Math.floor(100 * room / width / 5) * 5;
      app.set({ zoom: Math.max(20, Math.min(160, share)) });
    },
  }, "Fit");
  const open = (path) => layers.has(path) && app.go("layer", { layer: path });
  for (const block of svg.querySelectorAll(".block")) {
    const path = block.dataset.path;
    if (!layers.has(path)) continue;
    block.setAttribute("tabindex", "0");
    block.setAttribute("role", "link");
    const facts = factsOf(layers.get(path)).map(([name, text]) => `${name} ${text}`);
    block.setAttribute("aria-label", facts.join(", "));
    block.addEventListener("pointerenter", () => about(path));
    block.addEventListener("focus", () => about(path));
    block.addEventListener("click", () => open(path));
    block.addEventListener("keydown", (event) => {
      if (event.key === "Enter") open(path);
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const all = [...svg.querySelectorAll(".block[tabindex]")];
      all[all.indexOf(block) + step]?.focus();
    });
  }
  for (const title of svg.querySelectorAll(".group > text")) {
    const path = title.parentElement.dataset.path;
    title.addEventListener("click", () => open(path));
    title.addEventListener("pointerenter", () => about(path));
  }
  svg.addEventListener("pointerleave", () => about(undefined));
  about(undefined);
  const rows = info.layers.filter(({ size }) => size).map((layer) =>
    el(
      "tr",
      {},
      el("td", {}, el("a", { href: app.link("layer", { layer: layer.path }) }, layer.path)),
      el("td", {}, layer.op),
      el("td", {}, shapeText(layer.shape)),
      el("td", { class: "number" }, layer.size.parameters.toLocaleString("en-US")),
      el("td", { class: "number" }, layer.size.flops === null ? "" : counted(layer.size.flops)),
      el(
        "td",
        { class: "number" },
        layer.size.receptiveField === null ? "" : pair(layer.size.receptiveField),
      ),
    )
  );
  const picture = el("div", { class: "network-picture", tabindex: "-1" }, svg, end);
  place.append(
    el("h2", {}, "The network"),
    el("p", { class: "small muted" }, "Click a layer to see what it makes of the picture."),
    el("div", { class: "controls" }, labeled("Zoom", zoom), fit),
    picture,
    facts,
    el(
      "details",
      {},
      el("summary", {}, "All layers"),
      el(
        "div",
        { class: "scroll" },
        el(
          "table",
          { class: "layers" },
          el(
            "thead",
            {},
            el(
              "tr",
              {},
              ...["layer", "kind", "output"].map((name) => el("th", {}, name)),
              ...["parameters", "FLOPs", "field"].map((name) =>
                el("th", { class: "number" }, name)
              ),
            ),
          ),
          el("tbody", {}, rows),
        ),
      ),
    ),
  );
  // What comes out at the end.
  const unwatch = app.side.watch(({ arrays }) => {
    if (!arrays.probabilities) return;
    const onPick = (index) => app.go("why", { class: index });
    showBars(bars, info.classNames, arrays.probabilities.values, { onPick });
  });
  return {
    dispose: unwatch,
    update({ at, zoom: wanted }) {
      const share = Number(wanted ?? 100);
      zoom.value = share >= 20 && share <= 160 ? share : 100;
      svg.style.width = `${width * zoom.value / 100}px`;
      if (at) about(at);
    },
  };
}
