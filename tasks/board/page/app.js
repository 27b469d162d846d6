// The board: what is shown is what the address says, and each change makes another address.
import { Cancelled, openChannel } from "../../web/page/channel.js";
import { el } from "../../web/page/dom.js";
import { showNow } from "./now.js";

/** The views, by their names in the address. Their modules are loaded when they are opened. */
const VIEWS = {
  curves: ["Curves", "./views/curves.js"],
  mistakes: ["Mistakes", "./views/mistakes.js"],
  layers: ["Layers", "./views/layers.js"],
};

const main = document.getElementById("main");
const connection = document.getElementById("connection");
const tabs = document.getElementById("tabs");
const now = document.getElementById("now");

/** What the address says: the view and its parameters. */
function addressed() {
  const [path = "", query = ""] = location.hash.slice(2).split("?");
  const view = Object.hasOwn(VIEWS, path) ? path : "curves";
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

/** What goes with every view. */
const SHARED = ["runs", "run", "sort", "all"];
const shared = (params) => Object.fromEntries(SHARED.map((name) => [name, params[name]]));

const app = {
  channel: undefined,
  /** The runs as the task told them last. */
  runs: undefined,
  folders: [],
  canStop: false,
  params: {},
  view: "",
  /** Changes parameters of the view: the address changes, and the view with it. */
  set(changes, { replace = true } = {}) {
    app.go(app.view, { ...app.params, ...changes }, { replace });
  },
  /** Opens a view; the runs stay. */
  go(view, params = {}, { replace = false } = {}) {
    const address = addressOf(view, { ...shared(app.params), ...params });
    if (address === location.hash) return;
    history[replace ? "replaceState" : "pushState"](null, "", address);
    show();
  },
  /** The runs that are laid over each other: those of the address, or the latest ones. */
  chosen() {
    const named = app.params.runs === undefined ? undefined : app.params.runs.split("|");
    if (named) return app.runs.filter(({ id }) => named.includes(id));
    return [...app.runs].sort((a, b) => b.at - a.at).slice(0, 5)
      .sort((a, b) => a.id < b.id ? -1 : 1);
  },
  /** The one run of views of one run. */
  one: () =>
    app.runs.find(({ id }) => id === app.params.run) ??
      [...app.runs].sort((a, b) => b.at - a.at)[0],
};

let current;

function markTabs() {
  tabs.replaceChildren(
    ...Object.entries(VIEWS).map(([name, [title]]) =>
      el("a", {
        href: addressOf(name, name === app.view ? app.params : shared(app.params)),
        "aria-current": name === app.view && "page",
      }, title)
    ),
  );
}

async function show() {
  if (!app.runs) return;
  const { view, params } = addressed();
  app.params = params;
  const isOther = app.view !== view;
  app.view = view;
  markTabs();
  document.title = `${VIEWS[view][0]} · neocog board`;
  if (isOther) {
    current?.dispose?.();
    current = undefined;
    const { makeView } = await import(VIEWS[view][1]);
    if (app.view !== view) return;
    main.replaceChildren();
    main.className = view;
    current = makeView(main, app);
  }
  current?.update(app.params);
}

async function watch() {
  connection.textContent = "";
  connection.className = "status";
  app.view = "";
  try {
    await app.channel.request("watch", {}, {
      onPart({ runs, folders, canStop }) {
        Object.assign(app, { runs, folders, canStop });
        showNow(now, app);
        show();
      },
    }).answer;
  } catch (error) {
    if (!(error instanceof Cancelled)) connection.textContent = error.message;
  }
}

addEventListener("hashchange", show);
addEventListener("popstate", show);
app.channel = openChannel((isConnected) => {
  if (isConnected) return watch();
  connection.className = "status wrong";
  connection.textContent = app.canStop
    ? `The run is over: deno task board ${app.folders.join(" ")} shows it again.`
    : "The connection was lost. Trying again…";
});

// Digits open the views, as tabs do.
addEventListener("keydown", (event) => {
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.ctrlKey ||
    event.metaKey || event.altKey;
  const view = Object.keys(VIEWS)[Number(event.key) - 1];
  if (!isTyping && view && app.runs) app.go(view);
});
