// Elements of a page, made by a call each.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element: `el("button", { class: "small", onclick: f }, "Stop")`. Attributes that are
 * `false`, `null` or `undefined` are left out; functions are listeners.
 */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked") made[key] = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

/** An SVG picture from its text, which is of our own server. */
export function svgFrom(text) {
  const { documentElement } = new DOMParser().parseFromString(text, "image/svg+xml");
  if (documentElement.namespaceURI !== SVG) throw new Error("Cannot show the picture");
  return document.importNode(documentElement, true);
}

/** An SVG element. */
export function svgEl(name, attributes = {}) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** A choice of a list; options are texts, or pairs of value and text. */
export function select(attributes, options, value) {
  const made = el(
    "select",
    attributes,
    options.map((option) => {
      const [id, text] = Array.isArray(option) ? option : [option, option];
      return el("option", { value: id }, text);
    }),
  );
  if (value !== undefined && value !== null) made.value = value;
  return made;
}

/** A control with its name. */
export function labeled(name, control, note) {
  return el("label", { class: "control" }, el("span", {}, name), control, note ?? null);
}

/** Calls a function once nothing was said for so many milliseconds. */
export function settled(milliseconds, f) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...values), milliseconds);
  };
}

/** A number in few digits. */
export function brief(value) {
  if (value === 0 || Number.isInteger(value)) return `${value}`;
  const size = Math.abs(value);
  return size >= 1000 || size < 0.001 ? value.toExponential(2) : value.toPrecision(3);
}

/** A count with a unit. */
export function counted(value) {
  const units = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
  const [size, unit] = units.find(([size]) => value >= size) ?? [1, ""];
  return size === 1 ? `${value}` : `${(value / size).toPrecision(3)} ${unit}`;
}

/** A button that copies a text. */
export function copyButton(name, text) {
  const button = el("button", { type: "button", class: "small" }, name);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without permission, as on pages by HTTP from another machine.
      const area = el("textarea", { class: "hidden" });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => button.textContent = name, 1500);
  });
  return button;
}

/** Saves bytes, or a canvas's picture, as a file. */
export function saveBlob(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
