// Fool it: an attack by a slider, and what the network says of its picture.
import { workplace } from "../../../web/page/channel.js";
import { canvasOf, drawChange, drawPicture } from "../../../web/page/canvas.js";
import { brief, el, labeled, select, settled } from "../../../web/page/dom.js";
import { showAgain } from "../again.js";
import { showBars } from "../bars.js";
import { classChoice } from "../classes.js";

const TITLES = {
  fgsm: "FGSM, one step",
  bim: "BIM",
  pgd: "PGD",
  apgd: "Auto-PGD",
  "apgd-dlr": "Auto-PGD, DLR loss",
  square: "Square, without gradients",
  autoattack: "AutoAttack, one after the other",
  deepfool: "DeepFool, the smallest change",
  "carlini-wagner": "Carlini-Wagner, the smallest change",
  ascent: "The chapter's ascent, to a target",
};
const MINIMAL = ["deepfool", "carlini-wagner", "ascent"];

/** The view. */
export function makeView(place, app) {
  const { info } = app;
  const isGray = info.inputShape[2] === 1;
  const status = el("p", { role: "status" });
  const work = workplace(app.channel, status);
  const order = Object.keys(TITLES).filter((name) => info.attacks.includes(name));
  const method = select({}, order.map((name) => [name, TITLES[name]]));
  method.addEventListener("change", () => app.set({ method: method.value }));
  const norm = select({}, [["linf", "L∞: any pixel by ε"], ["l2", "L2: all together by ε"]]);
  norm.addEventListener("change", () => app.set({ norm: norm.value, epsilon: "" }));
  const normed = labeled("Norm", norm);
  const epsilon = el("input", { type: "range", min: 0, "aria-describedby": "epsilon" });
  const epsilonText = el("output", { id: "epsilon" });
  const strength = labeled("ε, the largest change", epsilon, epsilonText);
  const scale = () => norm.value === "l2" ? (isGray ? 8 : 4) / 100 : isGray ? 0.005 : 1 / 255;
  const textOf = (steps) =>
    norm.value === "linf" && !isGray ? `${steps}/255` : brief(steps * scale());
  const apply = settled(120, () => app.set({ epsilon: epsilon.value }));
  epsilon.addEventListener("input", () => {
    epsilonText.value = textOf(Number(epsilon.value));
    apply();
  });
  const target = classChoice(info.classNames, "any other", (index) => app.set({ target: index }));
  const targeted = labeled("To be taken for", target.control);
  const steps = el("input", { type: "number", min: 1, max: 1000, placeholder: "usual" });
  steps.addEventListener("change", () => app.set({ steps: steps.value }));
  const stepped = labeled("Steps", steps);
  const factor = el("input", { type: "range", min: 0, max: 6, step: 0.5, value: 3 });
  const stop = el("button", { type: "button", onclick: () => work.stop() }, "Stop");
  const [before, change, after] = [
    "The picture",
    "The change, magnified",
    "The adversarial picture",
  ]
    .map((label) => canvasOf(1, 1, label));
  const verdict = el("p", { class: "verdict", "aria-live": "polite" });
  const magnified = el("h3", {});
  const bars = el("div");
  const again = el("div");
  const figures = el(
    "div",
    { class: "columns", hidden: true },
    el("section", {}, el("h3", {}, "The picture"), before),
    el("section", {}, magnified, change, labeled("Magnify", factor)),
    el("section", {}, el("h3", {}, "What fools it"), after),
    el("section", {}, el("h3", {}, "Before and after"), bars),
  );
  place.append(
    el("h2", {}, "Fool it"),
    el(
      "div",
      { class: "controls" },
      labeled("Method", method),
      normed,
      strength,
      targeted,
      stepped,
      stop,
    ),
    status,
    verdict,
    figures,
    again,
  );
  let found;
  const paintChange = () => {
    if (!found) return;
    const times = 2 ** Number(factor.value);
    magnified.textContent = `The change, ${brief(times)} times`;
    drawChange(change, found.arrays.change, times);
  };
  factor.addEventListener("input", paintChange);
  const paintBefore = () => app.side.seen && drawPicture(before, app.side.seen.arrays.picture);
  const unwatch = app.side.watch(paintBefore);
  return {
    async update(params) {
      method.value = order.includes(params.method) ? params.method : order[0];
      norm.value = params.norm === "l2" ? "l2" : "linf";
      const isMinimal = MINIMAL.includes(method.value);
      normed.hidden = isMinimal;
      strength.hidden = isMinimal;
      targeted.hidden = ["deepfool", "autoattack"].includes(method.value);
      stepped.hidden = stop.hidden = method.value === "fgsm";
      epsilon.max = norm.value === "l2" ? 100 : isGray ? 100 : 64;
      const usual = norm.value === "l2" ? 25 : isGray ? 30 : 4;
      epsilon.value = params.epsilon ?? usual;
      epsilonText.value = textOf(Number(epsilon.value));
      steps.value = params.steps ?? "";
      const wanted = /^\d+$/.test(params.target ?? "") ? Number(params.target) : undefined;
      target.set(wanted);
      if (!params.image) return work.say("Choose a picture first.");
      const answer = await work.run("fool", {
        image: params.image,
        method: method.value,
        ...(isMinimal ? {} : { norm: norm.value, epsilon: Number(epsilon.value) * scale() }),
        ...(wanted === undefined || targeted.hidden ? {} : { target: wanted }),
        ...(stepped.hidden || steps.value === "" ? {} : { steps: Number(steps.value) }),
      });
      if (!answer) return;
      found = answer;
      figures.hidden = false;
      paintBefore();
      drawPicture(after, found.arrays.picture);
      paintChange();
      const names = info.classNames;
      verdict.textContent = `“${names[found.before]}” is taken for “${names[found.after]}”: ${
        found.success ? "it is fooled" : "it is not fooled"
      }, by a change of ${brief(found.distance)} (${found.norm === "l2" ? "L2" : "L∞"}).`;
      showBars(bars, names, found.arrays.before.values, { after: found.arrays.after.values });
      showAgain(again, found);
    },
    dispose() {
      unwatch();
      work.cancel();
    },
  };
}
