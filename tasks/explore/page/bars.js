// The most probable classes as bars.
import { el } from "../../web/page/dom.js";

const MOST = 5;

const percent = (value) =>
  value >= 0.9995 || value < 0.0005
    ? `${(100 * value).toFixed(value < 0.0005 ? 2 : 1)} %`
    : `${(100 * value).toFixed(1)} %`;

const indicesOf = (values, count) =>
  Array.from(values, (_, i) => i).sort((a, b) => values[b] - values[a] || a - b).slice(0, count);

/**
 * Shows probabilities, or two of them for each class: before and after.
 *
 * @param onPick called with the class that is clicked
 */
export function showBars(place, classNames, values, { after, onPick } = {}) {
  const count = Math.min(MOST, values.length);
  const chosen = after
    ? [...new Set([...indicesOf(after, count), ...indicesOf(values, count)])].slice(0, count + 2)
    : indicesOf(values, count);
  const track = (value, kind) => {
    const fill = el("div", { class: `fill ${kind}` });
    fill.style.width = `${100 * value}%`;
    return el("div", { class: "track" }, fill);
  };
  place.className = "bars";
  place.replaceChildren(...chosen.map((index) => {
    const numbers = after
      ? `${percent(values[index])} → ${percent(after[index])}`
      : percent(values[index]);
    const name = classNames[index] ?? `${index}`;
    const title = onPick
      ? el("a", {
        href: "#",
        title: `Why ${name}?`,
        onclick: (event) => {
          event.preventDefault();
          onPick(index);
        },
      }, name)
      : name;
    return el(
      "div",
      { class: "bar", "data-class": index },
      el("span", { class: "name", title: name }, title),
      el("span", { class: "value" }, numbers),
      el(
        "div",
        { class: "tracks" },
        track(values[index], ""),
        after ? track(after[index], "after") : null,
      ),
    );
  }));
}
