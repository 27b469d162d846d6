// Curves: runs laid over each other, above the table from which they are chosen.
import { Cancelled } from "../../../web/page/channel.js";
import { el, labeled, select } from "../../../web/page/dom.js";
import { colorOf } from "../../../web/page/colors.js";
import { makeChart } from "../chart.js";
import { drawTable } from "../runs_table.js";
import { briefPercent, digits, percent } from "../words.js";

/** Columns that have no chart of their own. */
const WITHOUT = ["epoch"];
const TITLES = {
  loss: "Loss",
  accuracy: "Accuracy",
  learning_rate: "Learning rate",
  seconds: "Seconds per epoch",
  images: "Images per second",
};
const isShare = (name) => /accuracy/.test(name);

/** The charts of runs: title, and lines with points. */
function chartsOf(runs, by) {
  const charts = new Map();
  const add = (name, line) => {
    if (line.points.length === 0) return;
    charts.set(name, [...charts.get(name) ?? [], line]);
  };
  runs.forEach(({ id, epochs, steps }, i) => {
    const color = colorOf(i);
    if (steps && by === "steps") {
      const points = (values) =>
        values.flatMap((value, at) => value === null ? [] : [[steps.step[at], value]]);
      add("loss", { name: `${id}, batch`, color, isFaint: true, points: points(steps.loss) });
      add("loss", { name: id, color, points: points(steps.meanLoss) });
      add("accuracy", { name: id, color, points: points(steps.accuracy) });
      add("images", { name: id, color, points: points(steps.imagesPerSecond) });
    }
    if (by === "steps") return;
    const names = new Set(epochs.flatMap(Object.keys));
    for (const name of names) {
      if (WITHOUT.includes(name)) continue;
      const isValidation = name.startsWith("val_");
      const points = epochs.flatMap((row) =>
        row[name] === undefined ? [] : [[row.epoch, row[name]]]
      );
      add(isValidation ? name.slice(4) : name, {
        name: isValidation ? `${id}, validation` : id,
        color,
        isDashed: isValidation,
        points,
      });
    }
  });
  const order = ["loss", "accuracy", "learning_rate", "images", "seconds"];
  const place = (name) => order.includes(name) ? order.indexOf(name) : 2.5;
  return [...charts].sort(([a], [b]) => place(a) - place(b));
}

/** The view. */
export function makeView(place, app) {
  const by = select({ "aria-label": "Along" }, [["epochs", "epochs"], ["steps", "steps"]]);
  by.addEventListener("change", () => app.set({ by: by.value === "epochs" ? "" : by.value }));
  const scale = select({}, [["", "linear"], ["log", "logarithmic"]]);
  scale.addEventListener("change", () => app.set({ scale: scale.value }));
  const all = el("input", {
    type: "checkbox",
    onchange: () => app.set({ all: all.checked ? "1" : "" }),
  });
  const charts = el("div", { class: "charts" });
  const note = el("p", { class: "muted", role: "status" });
  const legend = el("p", { class: "small muted" });
  const table = el("div", { class: "scroll", tabindex: "-1" });
  place.append(
    el("div", { class: "controls" }, labeled("Along", by), labeled("Loss", scale)),
    note,
    charts,
    legend,
    el("h2", {}, "Runs"),
    el(
      "label",
      { class: "control row small" },
      all,
      "all settings, also those in which the runs agree",
    ),
    table,
  );
  const made = new Map();
  let request;
  let asked;

  const draw = (runs, params) => {
    const isBySteps = params.by === "steps";
    const lines = chartsOf(runs, isBySteps ? "steps" : "epochs");
    note.textContent = lines.length > 0
      ? ""
      : runs.length === 0
      ? "No run is chosen: tick one in the table."
      : isBySteps
      ? "These runs have left no steps: deno task train --board does."
      : "No epoch is done yet.";
    legend.textContent = isBySteps
      ? "Means over the epoch so far. Faint: each batch."
      : "Solid: training. Dashed: validation.";
    legend.hidden = lines.length === 0;
    const names = lines.map(([name]) => name);
    for (const [name, { chart, figure }] of made) {
      if (names.includes(name)) continue;
      chart.dispose();
      figure.remove();
      made.delete(name);
    }
    for (const [name, series] of lines) {
      if (!made.has(name)) {
        const box = el("div", { class: "chart", role: "img", "data-chart": name });
        const title = TITLES[name] ?? name.replaceAll("_", " ");
        const figure = el("figure", {}, el("figcaption", {}, title), box);
        charts.append(figure);
        made.set(name, { figure, title, chart: makeChart(box) });
      }
      const { figure, title, chart } = made.get(name);
      charts.append(figure);
      const format = isShare(name) ? percent : digits;
      const alt = `${title}: ${
        series.filter(({ isFaint }) => !isFaint).map(({ name, points }) =>
          `${name} from ${format(points[0][1])} to ${format(points.at(-1)[1])}`
        ).join("; ")
      }`;
      chart.draw({
        series,
        xName: isBySteps ? "step" : "epoch",
        isLog: name === "loss" && params.scale === "log",
        format,
        axisFormat: isShare(name) ? briefPercent : digits,
      }, alt);
    }
  };

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const repaint = () => {
    asked = undefined;
    app.set({});
    view.update(app.params);
  };
  dark.addEventListener("change", repaint);

  const view = {
    async update(params) {
      by.value = params.by ?? "epochs";
      scale.value = params.scale ?? "";
      all.checked = params.all === "1";
      if (app.runs.length === 0) {
        note.textContent = `There are no runs in ${
          app.folders.join(", ")
        } yet. They are shown as soon as they begin.`;
        return;
      }
      drawTable(table, app);
      const chosen = app.chosen();
      const key = JSON.stringify([
        chosen.map(({ id, at, epochs, step }) => [id, at, epochs, step?.step]),
        params.by,
        params.scale,
      ]);
      if (key === asked) return;
      asked = key;
      request?.cancel();
      request = app.channel.request("curves", { runs: chosen.map(({ id }) => id) });
      try {
        const { runs } = await request.answer;
        draw(runs, app.params);
      } catch (error) {
        if (!(error instanceof Cancelled)) note.textContent = error.message;
      }
    },
    dispose() {
      dark.removeEventListener("change", repaint);
      request?.cancel();
      for (const { chart } of made.values()) chart.dispose();
    },
  };
  return view;
}
