// Why this class: what each pixel counts, laid over the picture, for two classes side by side.
import { workplace } from "../../../web/page/channel.js";
import { canvasOf, drawOverlay } from "../../../web/page/canvas.js";
import { brief, el, labeled, select } from "../../../web/page/dom.js";
import { showAgain } from "../again.js";
import { classChoice } from "../classes.js";

/** A column: a class, its map, and its command. */
function makeColumn(app, { name, usual, param }) {
  const status = el("p", { role: "status" });
  const work = workplace(app.channel, status);
  const canvas = canvasOf(1, 1, "");
  const heading = el("h3", {});
  const again = el("div");
  const choice = classChoice(app.info.classNames, usual, (index) => app.set({ [param]: index }));
  const element = el(
    "section",
    { class: param, "aria-label": name },
    labeled(name, choice.control),
    heading,
    status,
    canvas,
    again,
  );
  canvas.hidden = true;
  let found;
  let key = "";
  const paint = () => {
    const picture = app.side.seen?.arrays.picture;
    if (!found || !picture) return;
    canvas.hidden = false;
    drawOverlay(canvas, picture, found.arrays.map, {
      signed: found.signed,
      colors: app.info.colors[found.signed ? "diverging" : "viridis"],
      opacity: Number(app.params.opacity ?? 85) / 100,
    });
  };
  return {
    element,
    work,
    paint,
    clear() {
      work.cancel();
      found = undefined;
      key = "";
      canvas.hidden = true;
      heading.textContent = "";
      again.replaceChildren();
    },
    async update(index, request) {
      choice.set(index);
      const next = JSON.stringify([index, request]);
      if (next === key) return paint();
      const answer = await work.run("why", { ...request, class: index });
      if (!answer) return;
      found = answer;
      key = next;
      const title = app.info.classNames[found.class];
      heading.textContent = `${found.title} for ${title}: score ${brief(found.score)}`;
      canvas.setAttribute("aria-label", `${heading.textContent}, over the picture`);
      showAgain(again, found);
      paint();
    },
  };
}

/** The view. */
export function makeView(place, app) {
  const { info } = app;
  const method = select(
    {},
    info.explanations.map((
      { id, title, isLong },
    ) => [id, isLong ? `${title} (takes a while)` : title]),
  );
  method.addEventListener("change", () => app.set({ method: method.value }));
  const rule = select({}, info.rules);
  rule.addEventListener("change", () => app.set({ rule: rule.value }));
  const ruled = labeled("Backward rule", rule);
  const opacity = el("input", { type: "range", min: 0, max: 100, value: 85 });
  const columns = [
    makeColumn(app, { name: "Class", usual: "the most probable", param: "class" }),
    makeColumn(app, { name: "Beside it", usual: "none", param: "class2" }),
  ];
  opacity.addEventListener("input", () => app.set({ opacity: opacity.value }));
  place.append(
    el("h2", {}, "Why this class?"),
    el("div", { class: "controls" }, labeled("Method", method), ruled, labeled("Opacity", opacity)),
    el("div", { class: "columns" }, columns.map(({ element }) => element)),
  );
  const unwatch = app.side.watch(() => columns.forEach(({ paint }) => paint()));
  const RULED = ["saliency", "input-x-gradient", "smooth-grad"];
  return {
    async update(params) {
      const known = info.explanations.map(({ id }) => id);
      method.value = known.includes(params.method) ? params.method : known[0];
      rule.value = info.rules.includes(params.rule) ? params.rule : info.rules[0];
      ruled.hidden = info.rules.length < 2 || !RULED.includes(method.value);
      opacity.value = params.opacity ?? 85;
      if (!params.image) return columns[0].work.say("Choose a picture first.");
      const request = {
        image: params.image,
        method: method.value,
        ...(ruled.hidden ? {} : { rule: rule.value }),
      };
      const numberOf = (text) => /^\d+$/.test(text ?? "") ? Number(text) : undefined;
      const other = numberOf(params.class2);
      const first = columns[0].update(numberOf(params.class), request);
      if (other === undefined) columns[1].clear();
      await Promise.all([first, other === undefined ? null : columns[1].update(other, request)]);
    },
    dispose() {
      unwatch();
      columns.forEach(({ work }) => work.cancel());
    },
  };
}
