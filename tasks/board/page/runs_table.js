// The table of runs: settings and results, sorted by any of them.
import { el } from "../../web/page/dom.js";
import { colorOf } from "../../web/page/colors.js";
import { digits, duration, percent } from "./words.js";

/** What a run reached, by the names of columns. */
const RESULTS = {
  status: ({ status }) => status,
  epochs: ({ epochs }) => epochs,
  loss: ({ last }) => last?.loss,
  accuracy: ({ last }) => last?.accuracy,
  "val loss": ({ last }) => last?.val_loss,
  "best val": ({ best }) => best,
  test: ({ testAccuracy }) => testAccuracy,
  time: ({ seconds }) => seconds,
};

const TEXTS = {
  epochs: (value, { epochsTotal }) =>
    epochsTotal === undefined ? `${value}` : `${value}/${epochsTotal}`,
  accuracy: percent,
  "best val": percent,
  test: percent,
  time: duration,
};

/** The settings that people ask for first. */
const FIRST = ["model", "dataset", "data", "weights", "optimizer", "learningRate", "batchSize"];

/** The settings that runs have, or those alone in which they differ. */
function settingNames(runs, isAll) {
  const found = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings)))];
  const first = FIRST.filter((name) => found.includes(name));
  const names = [...first, ...found.filter((name) => !FIRST.includes(name) && name !== "epochs")];
  if (isAll || runs.length < 2) return names;
  const differ = names.filter((name) =>
    new Set(runs.map(({ settings }) => `${settings[name]}`)).size > 1
  );
  return differ;
}

function compare(a, b) {
  if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
  return typeof a === "number" && typeof b === "number"
    ? a - b
    : `${a}` < `${b}`
    ? -1
    : `${a}` > `${b}`
    ? 1
    : 0;
}

/** Draws the table into an element. */
export function drawTable(place, app) {
  const { runs, params } = app;
  const chosen = app.chosen().map(({ id }) => id);
  const settings = settingNames(runs, params.all === "1");
  const valueOf = (run, name) =>
    name === "run"
      ? run.id
      : Object.hasOwn(RESULTS, name)
      ? RESULTS[name](run)
      : run.settings[name];
  const columns = ["run", ...Object.keys(RESULTS), ...settings];
  const isDown = params.sort?.startsWith("-");
  const key = params.sort?.replace(/^-/, "");
  const sorted = columns.includes(key)
    ? [...runs].sort((a, b) => {
      const [one, other] = [valueOf(a, key), valueOf(b, key)];
      // What is not there comes last, either way.
      if (one === undefined || other === undefined) return compare(one, other);
      return (isDown ? -1 : 1) * compare(one, other);
    })
    : runs;
  const choose = (ids) => app.set({ runs: ids.join("|") || "-" });
  const heading = (name) =>
    el(
      "th",
      {
        scope: "col",
        "aria-sort": name === key && (isDown ? "descending" : "ascending"),
        class: runs.some((run) => typeof valueOf(run, name) === "number") && "number",
      },
      el("button", {
        type: "button",
        "data-sort": name,
        onclick: () => app.set({ sort: name === key && !isDown ? `-${name}` : name }),
      }, `${name}${name === key ? (isDown ? " ↓" : " ↑") : ""}`),
    );
  const cell = (run, name) => {
    const value = valueOf(run, name);
    const text = value === undefined ? "" : TEXTS[name]?.(value, run) ??
      (typeof value === "number" ? digits(value) : `${value}`);
    return el("td", {
      class: typeof value === "number" && "number",
      title: text.length > 24 && text,
    }, text);
  };
  const focused = document.activeElement;
  const mark = place.contains(focused) &&
    (focused.dataset.sort
      ? `[data-sort="${CSS.escape(focused.dataset.sort)}"]`
      : focused.dataset.run &&
        `[data-run="${CSS.escape(focused.dataset.run)}"]`);
  const [left, top] = [place.scrollLeft, place.scrollTop];
  place.replaceChildren(
    el(
      "table",
      { class: "runs" },
      el(
        "caption",
        { class: "hidden" },
        "Runs with their results and settings; a click on a heading sorts",
      ),
      el(
        "thead",
        {},
        el("tr", {}, el("th", {}, el("span", { class: "hidden" }, "Shown")), columns.map(heading)),
      ),
      el(
        "tbody",
        {},
        sorted.map((run) => {
          const isChosen = chosen.includes(run.id);
          const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
          if (isChosen) swatch.style.background = colorOf(chosen.indexOf(run.id));
          return el(
            "tr",
            { class: isChosen && "chosen" },
            el(
              "td",
              { class: "choose" },
              el("input", {
                type: "checkbox",
                checked: isChosen,
                "data-run": run.id,
                "aria-label": `Show ${run.id}`,
                onchange: (event) =>
                  choose(
                    event.target.checked
                      ? [...chosen, run.id]
                      : chosen.filter((id) => id !== run.id),
                  ),
              }),
              swatch,
            ),
            el(
              "th",
              { scope: "row" },
              run.id,
              run.faults.length > 0
                ? el("span", { class: "fault", "aria-label": "with damaged files" }, " ⚠")
                : null,
            ),
            columns.slice(1).map((name) => cell(run, name)),
          );
        }),
      ),
    ),
    ...runs.flatMap(({ id, faults }) =>
      faults.map((fault) => el("p", { class: "fault" }, `⚠ ${id}: ${fault}`))
    ),
  );
  place.scrollTo(left, top);
  if (mark) place.querySelector(mark)?.focus();
}
