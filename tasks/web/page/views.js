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
 * Makes the function that shows what the address says.
 *
 * @param app the page: its `view` and `params` are kept up to date, and go to the views
 * @param views by their names in the address: their titles, and what loads their modules
 * @param link the address of a view, given its name and the parameters that are set in it
 * @returns a function of the view's name, its parameters, the page's title, and what a view waits
 * for before it is updated
 */
export function viewSwitch(app, views, link) {
  const main = document.getElementById("main");
  const tabs = document.getElementById("tabs");
  let current;
  return async (view, params, title, ready) => {
    app.params = params;
    const isOther = app.view !== view;
    app.view = view;
    drawTabs(tabs, views, view, (name) => link(name, name === view ? params : {}));
    document.title = `${views[view][0]} · ${title}`;
    if (isOther) {
      current?.dispose?.();
      current = undefined;
      const { makeView } = await views[view][1]();
      if (app.view !== view) return;
      main.replaceChildren();
      main.className = view;
      current = makeView(main, app);
    }
    await ready;
    current?.update(app.params);
  };
}

/**
 * Draws the links to all views.
 *
 * @param current the view that is shown
 * @param linkOf the address of a view
 */
function drawTabs(place, views, current, linkOf) {
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
