// The board: what is shown is what the address says, and each change makes another address.
import { Cancelled, openChannel } from "../../web/page/channel.js";
import { addressed, addressOf, goTo, onDigit, viewSwitch } from "../../web/page/views.js";
import { showNow } from "./now.js";

/** The views, by their names in the address. Their modules are loaded when they are opened. */
const VIEWS = {
  curves: ["Curves", () => import("./views/curves.js")],
  mistakes: ["Mistakes", () => import("./views/mistakes.js")],
  layers: ["Layers", () => import("./views/layers.js")],
};

const connection = document.getElementById("connection");
const now = document.getElementById("now");

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
    if (goTo(addressOf(view, { ...shared(app.params), ...params }), replace)) show();
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

const showView = viewSwitch(
  app,
  VIEWS,
  (view, params) => addressOf(view, { ...shared(app.params), ...params }),
);

async function show() {
  if (!app.runs) return;
  const { view, params } = addressed(VIEWS);
  await showView(view, params, "neocog board");
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
onDigit(VIEWS, (view) => app.runs && app.go(view));
