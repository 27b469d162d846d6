// The choice of a class, of ten or of a thousand.
import { el, select } from "../../web/page/dom.js";

const FEW = 40;

/**
 * A control that chooses a class.
 *
 * @param usual what no class means, such as "the most probable"
 * @param onChange called with the class's number, or `undefined`
 */
export function classChoice(classNames, usual, onChange) {
  if (classNames.length <= FEW) {
    const control = select({}, [["", usual], ...classNames.map((name, i) => [i, name])]);
    control.addEventListener(
      "change",
      () => onChange(control.value === "" ? undefined : Number(control.value)),
    );
    return { control, set: (index) => control.value = index ?? "" };
  }
  const id = `classes-${Math.random().toString(36).slice(2)}`;
  const list = el("datalist", { id }, classNames.map((name) => el("option", { value: name })));
  const input = el("input", { type: "search", list: id, placeholder: usual, autocomplete: "off" });
  input.addEventListener("change", () => {
    const wanted = input.value.trim().toLowerCase();
    if (wanted === "") return onChange(undefined);
    const exact = classNames.findIndex((name) => name.toLowerCase() === wanted);
    const found = exact >= 0
      ? exact
      : /^\d+$/.test(wanted) && Number(wanted) < classNames.length
      ? Number(wanted)
      : classNames.findIndex((name) => name.toLowerCase().includes(wanted));
    input.setCustomValidity(found < 0 ? "There is no such class" : "");
    if (found < 0) return input.reportValidity();
    onChange(found);
  });
  const control = el("span", {}, input, list);
  return {
    control,
    set: (index) => input.value = index === undefined ? "" : classNames[index] ?? "",
  };
}
