// Mistakes: the confusion matrix, the images of each of its cells, and the most wrong ones.
import { workplace } from "../../../web/page/channel.js";
import { canvasOf, drawPicture } from "../../../web/page/canvas.js";
import { el } from "../../../web/page/dom.js";
import { chooseRun } from "../choose_run.js";
import { percent } from "../words.js";

/** The most classes of a matrix that is drawn whole; of more the frequent mistakes are listed. */
const MOST = 40;

/** The matrix as a table of buttons. */
function matrix({ classNames, counts }, cell, onCell) {
  const most = Math.max(1, ...counts.flatMap((row, i) => row.filter((_, j) => i !== j)));
  return el(
    "table",
    { class: "matrix" },
    el(
      "caption",
      { class: "small muted" },
      "Rows: the true class. Columns: what it was taken for.",
    ),
    el(
      "thead",
      {},
      el("tr", {}, el("td"), classNames.map((name) => el("th", { scope: "col" }, name))),
    ),
    el(
      "tbody",
      {},
      counts.map((row, i) => {
        const total = row.reduce((sum, one) => sum + one, 0);
        return el(
          "tr",
          {},
          el("th", { scope: "row" }, classNames[i]),
          row.map((count, j) => {
            const share = i === j ? (total && count / total) : count / most;
            const button = el("button", {
              type: "button",
              class: i === j ? "right" : "taken",
              "data-cell": `${i},${j}`,
              "aria-pressed": cell === `${i},${j}` ? "true" : "false",
              "aria-label": `${classNames[i]} taken for ${classNames[j]}: ${count} images`,
              disabled: count === 0,
              onclick: () => onCell(`${i},${j}`),
            }, count === 0 ? "·" : `${count}`);
            button.style.setProperty("--share", `${Math.round(100 * Math.sqrt(share))}%`);
            return el("td", {}, button);
          }),
        );
      }),
    ),
  );
}

/** The most frequent mistakes of many classes. */
function frequent({ classNames, counts }, onCell) {
  const all = counts.flatMap((row, i) => row.map((count, j) => ({ count, i, j })))
    .filter(({ count, i, j }) => count > 0 && i !== j)
    .sort((a, b) => b.count - a.count).slice(0, 60);
  return el(
    "ol",
    { class: "frequent" },
    all.map(({ count, i, j }) =>
      el(
        "li",
        {},
        el("button", {
          type: "button",
          "data-cell": `${i},${j}`,
          onclick: () => onCell(`${i},${j}`),
        }, `${classNames[i]} taken for ${classNames[j]}: ${count}`),
      )
    ),
  );
}

/** Images with what they are and what they were taken for. */
function images({ shown, arrays }) {
  const { shape: [, height, width, channels], values } = arrays.images;
  const size = height * width * channels;
  return el(
    "div",
    { class: "shown" },
    shown.map(({ index, actual, predicted, probability }, at) => {
      const label = `Test image ${index}, ${actual}, taken for ${predicted} with ${
        percent(probability)
      }`;
      const canvas = canvasOf(width, height, label);
      drawPicture(canvas, {
        shape: [height, width, channels],
        values: values.subarray(at * size, (at + 1) * size),
      });
      return el(
        "figure",
        {},
        canvas,
        el(
          "figcaption",
          {},
          actual === predicted ? actual : `${actual} → ${predicted}`,
          el("br"),
          el("span", { class: "muted" }, `${percent(probability)} · no. ${index}`),
        ),
      );
    }),
  );
}

/** The view. */
export function makeView(place, app) {
  const choice = chooseRun(app);
  const measure = el("button", {
    type: "button",
    class: "main measure",
    onclick: () => app.set({ measure: "1", cell: "" }),
  }, "Measure the checkpoint");
  const status = el("p", { role: "status" });
  const work = workplace(app.channel, status);
  const facts = el("p");
  const table = el("div", { class: "scroll" });
  const found = el("section", { class: "found" });
  place.append(
    el("div", { class: "controls" }, choice.place, measure),
    facts,
    table,
    status,
    found,
  );
  const onCell = (cell) => app.set({ cell, measure: "" }, { replace: false });
  let drawn = "";

  const drawMatrix = (confusion, cell) => {
    const { counts, source } = confusion;
    const total = counts.flat().reduce((sum, one) => sum + one, 0);
    const right = counts.reduce((sum, row, i) => sum + row[i], 0);
    facts.textContent = `${percent(total && right / total)} of ${total} are right: ${source}.`;
    const focused = document.activeElement?.dataset?.cell;
    table.replaceChildren(
      counts.length <= MOST ? matrix(confusion, cell, onCell) : frequent(confusion, onCell),
    );
    if (focused) table.querySelector(`[data-cell="${focused}"]`)?.focus();
  };

  const drawLeft = async (run) => {
    const { confusion } = await app.channel.request("confusion", { run: run.id }).answer;
    if (app.one()?.id !== run.id || app.params.measure || app.params.cell) return;
    if (confusion) drawMatrix(confusion);
    else {
      table.replaceChildren();
      facts.textContent = "The run has left no confusion matrix yet.";
    }
    found.replaceChildren();
    if (run.has.wrongest) {
      found.append(
        el("h2", {}, "The most wrong images"),
        el("img", {
          class: "wrongest",
          src: `/wrongest?run=${encodeURIComponent(run.id)}&at=${run.at}`,
          alt:
            `The test images that ${run.id} got most wrong, with their classes and what they were taken for`,
        }),
      );
    }
  };

  const drawMeasured = async (run, cell) => {
    const [actual, predicted] = cell?.split(",").map(Number) ?? [];
    const answer = await work.run("examine", {
      run: run.id,
      ...(cell ? { actual, predicted } : {}),
    });
    if (!answer) return;
    drawMatrix(answer, cell);
    const { classNames, count, shown } = answer;
    const title = cell
      ? actual === predicted
        ? `${classNames[actual]}, recognized: ${count}`
        : `${classNames[actual]} taken for ${classNames[predicted]}: ${count}`
      : "The most wrong images";
    found.replaceChildren(
      el("h2", { tabindex: "-1" }, title),
      count > shown.length ? el("p", { class: "small muted" }, `The first ${shown.length}.`) : "",
      shown.length > 0 ? images(answer) : el("p", {}, "There are none."),
    );
  };

  return {
    update(params) {
      choice.update();
      const run = app.one();
      if (!run) {
        facts.textContent = `There are no runs in ${app.folders.join(", ")} yet.`;
        measure.hidden = true;
        return;
      }
      measure.hidden = !run.has.checkpoint;
      const isMeasured = params.measure === "1" || params.cell !== undefined;
      const key = JSON.stringify([
        run.id,
        params.measure,
        params.cell,
        isMeasured ? 0 : run.epochs,
        run.has,
      ]);
      if (key === drawn) return;
      drawn = key;
      if (isMeasured) drawMeasured(run, params.cell);
      else drawLeft(run).catch((error) => drawn === key && work.say(error.message, "wrong"));
    },
    dispose: () => work.cancel(),
  };
}
