// Layers: how weights, gradients and activations are distributed after an epoch, and dead units.
import { workplace } from "../../../web/page/channel.js";
import { el, labeled, svgEl } from "../../../web/page/dom.js";
import { colorOf } from "../../../web/page/colors.js";
import { makeChart } from "../chart.js";
import { chooseRun } from "../choose_run.js";
import { briefPercent, digits, percent } from "../words.js";

const [WIDTH, HEIGHT] = [160, 48];

/** A histogram as a small picture with its range below. */
function drawing(name, { counts, min, max, mean, deviation, zeros, notFinite }) {
  const most = Math.max(1, ...counts);
  const picture = svgEl("svg", {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    role: "img",
    class: "histogram",
  });
  picture.setAttribute(
    "aria-label",
    `${name}: from ${digits(min)} to ${digits(max)}, mean ${digits(mean)}, standard deviation ${
      digits(deviation)
    }`,
  );
  const width = WIDTH / counts.length;
  counts.forEach((count, i) => {
    const height = HEIGHT * Math.sqrt(count / most);
    picture.append(
      svgEl("rect", {
        x: i * width,
        y: HEIGHT - height,
        width: Math.max(0.5, width - 0.5),
        height,
      }),
    );
  });
  return el(
    "figure",
    {},
    picture,
    el(
      "figcaption",
      { class: "small" },
      name,
      el("br"),
      el("span", { class: "muted" }, `${digits(min)} … ${digits(max)}, σ ${digits(deviation)}`),
      zeros > 0.005 ? el("span", { class: "muted" }, `, ${percent(zeros)} are 0`) : null,
      notFinite > 0 ? el("strong", { class: "fault" }, ` ${notFinite} are not finite`) : null,
    ),
  );
}

/** The layers after an epoch. */
function layerRows(layers) {
  return layers.map(({ path, op, weights, gradients, activations, dead }) =>
    el(
      "section",
      { class: "layer" },
      el(
        "h3",
        {},
        path || "the model",
        el("span", { class: "muted" }, ` ${op}`),
        dead === undefined
          ? null
          : el("span", { class: dead > 0 ? "dead" : "muted" }, ` ${percent(dead)} dead`),
      ),
      el(
        "div",
        { class: "histograms" },
        drawing("activations", activations),
        Object.entries(weights).map(([name, one]) => drawing(name, one)),
        Object.entries(gradients).map(([name, one]) => drawing(`gradient of ${name}`, one)),
      ),
    )
  );
}

/** The view. */
export function makeView(place, app) {
  const choice = chooseRun(app);
  const slider = el("input", { type: "range", min: 1, max: 1, value: 1, class: "epoch" });
  slider.addEventListener(
    "input",
    () => app.set({ epoch: slider.value === slider.max ? "" : slider.value }),
  );
  const epochText = el("output", { class: "small" });
  const control = labeled("Epoch", slider, epochText);
  const status = el("p", { role: "status" });
  const work = workplace(app.channel, status);
  const note = el("p", { class: "muted small" });
  const box = el("div", { class: "chart", role: "img", "data-chart": "dead" });
  const deadFigure = el(
    "figure",
    { hidden: true },
    el("figcaption", {}, "Dead units of rectifiers"),
    box,
  );
  const list = el("div", { class: "layers" });
  place.append(
    el("div", { class: "controls" }, choice.place, control),
    status,
    note,
    deadFigure,
    list,
  );
  let chart;
  let [asked, epochs] = ["", []];

  const drawEpoch = () => {
    const at = app.params.epoch ? Number(app.params.epoch) - 1 : epochs.length - 1;
    const entry = epochs[Math.max(0, Math.min(epochs.length - 1, at))];
    slider.max = epochs.length;
    slider.value = app.params.epoch ?? epochs.length;
    epochText.textContent = ` ${entry.epoch}`;
    list.replaceChildren(...layerRows(entry.layers));
  };

  const drawDead = () => {
    const rectifiers = epochs.at(-1).layers.filter(({ dead }) => dead !== undefined);
    deadFigure.hidden = rectifiers.length === 0;
    if (rectifiers.length === 0) return;
    chart ??= makeChart(box);
    const series = rectifiers.map(({ path }, i) => ({
      name: path,
      color: colorOf(i),
      points: epochs.flatMap(({ epoch, layers }) => {
        const found = layers.find((layer) => layer.path === path)?.dead;
        return found === undefined ? [] : [[epoch, found]];
      }),
    }));
    chart.draw(
      { series, xName: "epoch", format: percent, axisFormat: briefPercent },
      `Dead units: ${rectifiers.map(({ path, dead }) => `${path} ${percent(dead)}`).join(", ")}`,
    );
  };

  const drawCheckpoint = async (run) => {
    const answer = await work.run("weights", { run: run.id });
    if (!answer) return;
    note.textContent =
      "The weights of the checkpoint. Runs with --board also leave gradients, activations and dead units.";
    list.replaceChildren(
      el(
        "div",
        { class: "histograms" },
        [...answer.weights, ...answer.state].map((one) =>
          drawing(`${one.path} [${one.shape.join(", ")}]`, one)
        ),
      ),
    );
  };

  return {
    async update(params) {
      choice.update();
      const run = app.one();
      const key = JSON.stringify([run?.id, run?.epochs, run?.has]);
      if (key === asked) {
        if (epochs.length > 0) drawEpoch(params);
        return;
      }
      asked = key;
      epochs = [];
      note.textContent = "";
      deadFigure.hidden = true;
      control.hidden = !run?.has.layers;
      if (run?.has.layers) {
        note.textContent =
          "Of the first training images, as in inference. Heights are square roots of counts.";
        const answer = await work.run("layers", { run: run.id });
        if (!answer || asked !== key || answer.epochs.length === 0) return;
        // An epoch that was done again counts as it was last.
        epochs = [...new Map(answer.epochs.map((one) => [one.epoch, one])).values()];
        drawEpoch();
        drawDead();
      } else if (run?.has.checkpoint) await drawCheckpoint(run);
      else {
        list.replaceChildren();
        note.textContent = run
          ? "The run has left neither layers nor a checkpoint yet."
          : `There are no runs in ${app.folders.join(", ")} yet.`;
      }
    },
    dispose() {
      work.cancel();
      chart?.dispose();
    },
  };
}
