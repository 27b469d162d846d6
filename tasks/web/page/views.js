// The views of a page: what is shown is what the address says.
import { el } from "./dom.js";

/**
 * What the address says: the view and its parameters.
 *
 * @param views the views by their names in the address; the first one is shown without a name
 */
export function addressed(views) {
  const [path = "", query = ""] = location.hash.slice(2).split("?");
  const view = Object.hasOwn(views, path) ? path : Object.keys(views)[0];
  return { view, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of a view; parameters without a value are left out. */
export function addressOf(view, params) {
  const given = Object.entries(params).filter(([, value]) =>
    value !== undefined && value !== null && value !== ""
  );
  const query = new URLSearchParams(given.map(([name, value]) => [name, `${value}`]));
  return `#/${view}${given.length === 0 ? "" : `?${query}`}`;
}

/** Goes to an address. @returns whether that is another one */
export function goTo(address, replace) {
  if (address === location.hash) return false;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  return true;
}

/**
 * Draws the links to all views.
 *
 * @param current the view that is shown
 * @param linkOf the address of a view
 */
export function drawTabs(place, views, current, linkOf) {
  place.replaceChildren(
    ...Object.entries(views).map(([name, [title]]) =>
      el("a", { href: linkOf(name), "aria-current": name === current && "page" }, title)
    ),
  );
}

/** Calls a function with the view whose number is pressed, unless that is typed into something. */
export function onDigit(views, open) {
  addEventListener("keydown", (event) => {
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.ctrlKey ||
      event.metaKey || event.altKey;
    const view = Object.keys(views)[Number(event.key) - 1];
    if (!isTyping && view) open(view);
  });
}
