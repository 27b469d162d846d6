// The run of this process, as it goes: what it reached, how fast, how long still, and what ends it.
import { el } from "../../web/page/dom.js";
import { digits, duration, percent } from "./words.js";

let asked = "";

function buttons(app) {
  const end = (when, text) =>
    el("button", {
      type: "button",
      class: `end-${when}`,
      disabled: asked !== "",
      onclick: async (event) => {
        asked = text;
        event.target.parentElement.querySelectorAll("button").forEach((one) => one.disabled = true);
        event.target.parentElement.append(el("span", { class: "small muted" }, text));
        await app.channel.request("end", { when }).answer.catch(() => {});
      },
    }, when === "step" ? "Stop" : "Stop after this epoch");
  return el(
    "div",
    { class: "controls ends" },
    end("epoch", "It ends with this epoch, and is measured."),
    end("step", "It ends with this step; --resume continues it."),
    asked === "" ? null : el("span", { class: "small muted" }, asked),
  );
}

/** Shows the runs that go on. */
export function showNow(place, app) {
  const running = app.runs.filter(({ status }) => status === "running");
  place.hidden = running.length === 0;
  if (running.length === 0) return place.replaceChildren();
  // What has the focus keeps it: only the numbers are replaced.
  const focused = document.activeElement?.className;
  place.replaceChildren(
    ...running.map((run) => {
      const { step, epochsTotal, epochs, imagesPerSecond, left, last = {} } = run;
      const total = epochsTotal === undefined ? "" : ` of ${epochsTotal}`;
      const done = step
        ? (step.epoch - 1 + step.stepInEpoch / (step.stepsPerEpoch || 1)) / epochsTotal
        : epochs / epochsTotal;
      const facts = [
        ["epoch", step ? `${step.epoch}${total}` : `${epochs}${total} done`],
        [
          "step",
          step && `${step.stepInEpoch}${step.stepsPerEpoch ? ` of ${step.stepsPerEpoch}` : ""}`,
        ],
        ["loss", digits(step?.meanLoss ?? last.loss)],
        ["accuracy", percent(step?.accuracy ?? last.accuracy)],
        ["validation", percent(last.val_accuracy)],
        ["images/s", imagesPerSecond && digits(imagesPerSecond)],
        ["left", left !== undefined && duration(left)],
      ].filter(([, text]) => text);
      return el(
        "section",
        { class: "running", "aria-label": `${run.id} goes on` },
        el("h2", {}, run.id),
        el("progress", { max: 1, value: done || 0, "aria-label": `Progress of ${run.id}` }),
        el(
          "dl",
          { class: "now-facts" },
          facts.map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", {}, text))),
        ),
        app.canStop ? buttons(app) : null,
      );
    }),
  );
  if (/^end-/.test(focused)) place.querySelector(`.${focused}`)?.focus();
}
