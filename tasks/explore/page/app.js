// The explorer: what is shown is what the address says, and each change makes another address.
import { openChannel } from "../../web/page/channel.js";
import { el } from "../../web/page/dom.js";
import { makeSide } from "./side.js";

/** The views, by their names in the address. Their modules are loaded when they are opened. */
const VIEWS = {
  network: ["Network", "./views/network.js"],
  layer: ["Layers", "./views/layer.js"],
  unit: ["Unit", "./views/unit.js"],
  why: ["Why", "./views/why.js"],
  fool: ["Fool it", "./views/fool.js"],
  dream: ["Dream", "./views/dream.js"],
  invert: ["Invert", "./views/invert.js"],
  space: ["Space", "./views/space.js"],
};

const main = document.getElementById("main");
const connection = document.getElementById("connection");
const tabs = document.getElementById("tabs");

/** What the address says: the view and its parameters. */
function addressed() {
  const [path = "", query = ""] = location.hash.slice(2).split("?");
  const view = Object.hasOwn(VIEWS, path) ? path : "network";
  return { view, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of a view; parameters without a value are left out. */
function addressOf(view, params) {
  const given = Object.entries(params).filter(([, value]) =>
    value !== undefined && value !== null && value !== ""
  );
  const query = new URLSearchParams(given.map(([name, value]) => [name, `${value}`]));
  return `#/${view}${given.length === 0 ? "" : `?${query}`}`;
}

const app = {
  /** What the task told of the network. */
  info: undefined,
  channel: undefined,
  params: {},
  view: "",
  /** Changes parameters of the view: the address changes, and the view with it. */
  set(changes, { replace = true } = {}) {
    app.go(app.view, { ...app.params, ...changes }, { replace });
  },
  /** Opens a view; the picture stays. */
  go(view, params = {}, { replace = false } = {}) {
    const address = addressOf(view, { image: app.params.image, ...params });
    if (address === location.hash) return;
    history[replace ? "replaceState" : "pushState"](null, "", address);
    show();
  },
  /** The address of a view with the current picture. */
  link: (view, params = {}) => addressOf(view, { image: app.params.image, ...params }),
};

let current;
let side;

function markTabs() {
  tabs.replaceChildren(
    ...Object.entries(VIEWS).map(([name, [title]]) =>
      el("a", {
        href: app.link(name, name === app.view ? app.params : {}),
        "aria-current": name === app.view && "page",
      }, title)
    ),
  );
}

async function show() {
  const { view, params } = addressed();
  if (!app.info) return;
  app.params = { image: app.info.first ?? undefined, ...params };
  const isOther = app.view !== view;
  app.view = view;
  markTabs();
  const pictured = side.update(app.params.image);
  document.title = `${VIEWS[view][0]} · ${app.info.name}`;
  if (isOther) {
    current?.dispose?.();
    current = undefined;
    const { makeView } = await import(VIEWS[view][1]);
    if (app.view !== view) return;
    main.replaceChildren();
    main.className = view;
    current = makeView(main, app);
  }
  // A picture of an earlier server is brought to this one first.
  await pictured;
  current?.update(app.params);
}

async function onConnected() {
  connection.textContent = "";
  try {
    app.info = await app.channel.request("network").answer;
  } catch (error) {
    connection.textContent = error.message;
    return;
  }
  document.getElementById("name").textContent = app.info.name;
  side ??= makeSide(document.getElementById("side"), app);
  side.forget();
  app.view = "";
  await show();
}

addEventListener("hashchange", show);
addEventListener("popstate", show);
app.channel = openChannel((isConnected) => {
  if (isConnected) return onConnected();
  connection.className = "status wrong";
  connection.textContent = "The connection was lost. Trying again…";
});

// Digits open the views, as tabs do.
addEventListener("keydown", (event) => {
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.ctrlKey ||
    event.metaKey || event.altKey;
  const view = Object.keys(VIEWS)[Number(event.key) - 1];
  if (!isTyping && view && app.info) app.go(view);
});
