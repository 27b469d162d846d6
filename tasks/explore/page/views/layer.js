// A layer: its maps, what each position sees, and what the network says without some of them.
import { workplace } from "../../../web/page/channel.js";
import { canvasOf, drawMap } from "../../../web/page/canvas.js";
import { brief, el, labeled, select } from "../../../web/page/dom.js";
import { showAgain } from "../again.js";

/** The maps that are drawn at first. */
const AT_ONCE = 128;

/** Numbers in an address: `3,7`. */
const numbersIn = (text) => (text ?? "").split(",").filter((one) => /^\d+$/.test(one)).map(Number);

/** The view. */
export function makeView(place, app) {
  const { info } = app;
  const status = el("p", { role: "status" });
  const second = el("p", { role: "status" });
  const work = workplace(app.channel, status);
  const without = workplace(app.channel, second);
  const paths = info.layers.map(({ path }) => path);
  const layerChoice = select(
    {},
    info.layers.map(({ path, shape }) => [path, `${path}  ${shape.join("×")}`]),
  );
  layerChoice.addEventListener(
    "change",
    () => app.set({ layer: layerChoice.value, off: "", map: "" }, { replace: false }),
  );
  const step = (by) => {
    const at = paths.indexOf(layerChoice.value) + by;
    if (paths[at]) app.set({ layer: paths[at], off: "", map: "" });
  };
  const order = select({}, [["activation", "by activation"], ["number", "by number"]]);
  order.addEventListener(
    "change",
    () => app.set({ order: order.value === "activation" ? "" : order.value }),
  );
  const size = el("input", {
    type: "range",
    min: 40,
    max: 240,
    value: 84,
    "aria-label": "Size of the maps",
  });
  const grid = el("div", { class: "maps" });
  size.addEventListener("input", () => grid.style.setProperty("--tile", `${size.value}px`));
  const allOn = el(
    "button",
    { type: "button", onclick: () => app.set({ off: "" }) },
    "Switch all on",
  );
  const picked = el("div", { class: "picked", hidden: true });
  const again = el("div");
  const more = el("button", { type: "button", hidden: true }, "Show all");
  const reading = el(
    "p",
    { class: "small muted", "aria-live": "polite" },
    "Point at a map to see what a position sees.",
  );
  place.append(
    el("h2", {}, "A layer's maps"),
    el(
      "div",
      { class: "controls" },
      el("button", { type: "button", "aria-label": "Layer before", onclick: () => step(-1) }, "‹"),
      labeled("Layer", layerChoice),
      el("button", { type: "button", "aria-label": "Next layer", onclick: () => step(1) }, "›"),
      labeled("Order", order),
      labeled("Size", size),
      allOn,
    ),
    status,
    el("div", { class: "quiet" }, second),
    picked,
    reading,
    grid,
    more,
    again,
  );

  let answer;
  let key = "";

  const toggle = (map) => {
    const off = new Set(numbersIn(app.params.off));
    if (!off.delete(map)) off.add(map);
    app.set({ off: [...off].sort((a, b) => a - b).join(",") });
  };

  /** What a position of a map sees. */
  const hover = (canvas, map) => (event) => {
    const { maps, low, high } = answer.arrays;
    const [, height, width] = maps.shape;
    const bounds = canvas.getBoundingClientRect();
    const along = (at, from, length, count) =>
      Math.max(0, Math.min(count - 1, Math.floor((at - from) / length * count)));
    const row = along(event.clientY, bounds.top, bounds.height, height);
    const column = along(event.clientX, bounds.left, bounds.width, width);
    const byte = maps.values[(map * height + row) * width + column];
    const value = low.values[map] + byte / 255 * (high.values[map] - low.values[map]);
    const { fields } = answer;
    if (fields) {
      const [top, boxHeight] = fields.rows[row];
      const [left, boxWidth] = fields.columns[column];
      app.side.frame({ top, left, height: boxHeight, width: boxWidth });
      reading.textContent = `Map ${map}, row ${row}, column ${column}: ${
        brief(value)
      }; it sees ${boxHeight} × ${boxWidth} pixels`;
    } else reading.textContent = `Map ${map}, row ${row}, column ${column}: ${brief(value)}`;
  };
  const leave = () => app.side.frame(null);

  const mapCanvas = (map) => {
    const canvas = canvasOf(1, 1, `Map ${map} of ${answer.layer}`);
    drawMap(canvas, answer.arrays.maps, map);
    canvas.addEventListener("pointermove", hover(canvas, map));
    canvas.addEventListener("pointerleave", leave);
    return canvas;
  };

  /** The map that is chosen, large. */
  const showPicked = () => {
    const [map] = numbersIn(app.params.map);
    const count = answer.arrays.maps?.shape[0] ?? 0;
    picked.hidden = map === undefined || map >= count;
    if (picked.hidden) return;
    const { low, high, mean } = answer.arrays;
    const isOff = numbersIn(app.params.off).includes(map);
    picked.replaceChildren(
      mapCanvas(map),
      el(
        "div",
        {},
        el("h3", {}, `Map ${map} of ${answer.layer}`),
        el(
          "p",
          { class: "small" },
          `From ${brief(low.values[map])} to ${brief(high.values[map])}, mean ${
            brief(mean.values[map])
          }.`,
        ),
        el(
          "div",
          { class: "sources" },
          el(
            "button",
            { type: "button", class: "main", onclick: () => toggle(map) },
            isOff ? "Switch it on" : "Switch it off",
          ),
          el(
            "a",
            { href: app.link("unit", { layer: answer.layer, unit: map }) },
            "What does it look for?",
          ),
          el("button", { type: "button", onclick: () => app.set({ map: "" }) }, "Close"),
        ),
      ),
    );
  };

  const tile = (map) => {
    const off = numbersIn(app.params.off);
    const on = el("input", {
      type: "checkbox",
      checked: !off.includes(map),
      "aria-label": `Map ${map} is on`,
      onchange: () => toggle(map),
    });
    const choose = el("button", {
      type: "button",
      "aria-label": `Map ${map}`,
      "aria-pressed": `${numbersIn(app.params.map)[0] === map}`,
      onclick: () => app.set({ map }),
    }, mapCanvas(map));
    return el(
      "div",
      { class: `tile${off.includes(map) ? " off" : ""}`, "data-map": map },
      choose,
      el(
        "div",
        { class: "line" },
        el("span", {}, `${map}: ${brief(answer.arrays.mean.values[map])}`),
        on,
      ),
    );
  };

  /** The numbers of a dense layer. */
  const unitTile = (unit, value, most) => {
    const off = numbersIn(app.params.off);
    const on = el("input", {
      type: "checkbox",
      checked: !off.includes(unit),
      "aria-label": `Unit ${unit} is on`,
      onchange: () => toggle(unit),
    });
    const fill = el("div", { class: "fill" });
    fill.style.width = `${100 * Math.abs(value) / most}%`;
    return el(
      "div",
      { class: `tile${off.includes(unit) ? " off" : ""}`, "data-map": unit },
      el(
        "div",
        { class: "bar" },
        el("div", { class: "tracks" }, el("div", { class: "track" }, fill)),
      ),
      el(
        "div",
        { class: "line" },
        el(
          "a",
          { href: app.link("unit", { layer: answer.layer, unit }) },
          `${unit}: ${brief(value)}`,
        ),
        on,
      ),
    );
  };

  let isAll = false;
  more.addEventListener("click", () => {
    isAll = true;
    showGrid();
  });

  const showGrid = () => {
    const { mean, values } = answer.arrays;
    const ranked = mean?.values ?? values.values;
    const numbers = Array.from(ranked, (_, i) => i);
    if (app.params.order !== "number") numbers.sort((a, b) => ranked[b] - ranked[a] || a - b);
    const shown = isAll ? numbers : numbers.slice(0, AT_ONCE);
    more.hidden = shown.length === numbers.length;
    more.textContent = `Show all ${numbers.length}`;
    const most = values ? Math.max(...values.values.map(Math.abs), 1e-9) : 1;
    grid.replaceChildren(...shown.map((i) => mean ? tile(i) : unitTile(i, values.values[i], most)));
  };

  const markTiles = () => {
    const off = numbersIn(app.params.off);
    const [chosen] = numbersIn(app.params.map);
    for (const one of grid.children) {
      const map = Number(one.dataset.map);
      one.classList.toggle("off", off.includes(map));
      one.querySelector("input").checked = !off.includes(map);
      one.querySelector("button")?.setAttribute("aria-pressed", `${map === chosen}`);
    }
    allOn.hidden = off.length === 0;
  };

  const compare = async () => {
    const off = numbersIn(app.params.off);
    if (off.length === 0) {
      without.cancel();
      without.say("");
      return app.side.compare(undefined);
    }
    const { image, layer } = app.params;
    const found = await without.run("ablation", { image, layer: layer ?? answer.layer, off });
    if (!found) return;
    app.side.compare(found.arrays.probabilities.values);
    const names = info.classNames;
    second.textContent = `Without ${off.length === 1 ? `map ${off[0]}` : `${off.length} maps`}: ${
      names[found.best]
    }`;
  };

  return {
    async update({ image, layer, order: wanted }) {
      const path = paths.includes(layer) ? layer : info.mapLayers[0] ?? paths[0];
      layerChoice.value = path;
      order.value = wanted === "number" ? "number" : "activation";
      if (!image) return work.say("Choose a picture first.");
      const next = `${image} ${path}`;
      if (key !== next) {
        const found = await work.run("maps", { image, layer: path });
        if (!found) return;
        answer = found;
        key = next;
        isAll = false;
        showAgain(again, answer);
        showGrid();
      } else if (grid.dataset.order !== order.value) showGrid();
      grid.dataset.order = order.value;
      showPicked();
      markTiles();
      await compare();
    },
    dispose() {
      work.cancel();
      without.cancel();
      app.side.frame(null);
      app.side.compare(undefined);
    },
  };
}
