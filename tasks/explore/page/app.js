// The explorer: what is shown is what the address says, and each change makes another address.
import { openChannel } from "../../web/page/channel.js";
import { addressed, addressOf, goTo, onDigit, viewSwitch } from "../../web/page/views.js";
import { makeSide } from "./side.js";

/** The views, by their names in the address. Their modules are loaded when they are opened. */
const VIEWS = {
  network: ["Network", () => import("./views/network.js")],
  layer: ["Layers", () => import("./views/layer.js")],
  unit: ["Unit", () => import("./views/unit.js")],
  why: ["Why", () => import("./views/why.js")],
  fool: ["Fool it", () => import("./views/fool.js")],
  dream: ["Dream", () => import("./views/dream.js")],
  invert: ["Invert", () => import("./views/invert.js")],
  space: ["Space", () => import("./views/space.js")],
};

const connection = document.getElementById("connection");

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
    if (goTo(addressOf(view, { image: app.params.image, ...params }), replace)) show();
  },
  /** The address of a view with the current picture. */
  link: (view, params = {}) => addressOf(view, { image: app.params.image, ...params }),
};

let side;

const showView = viewSwitch(app, VIEWS, app.link);

async function show() {
  if (!app.info) return;
  const { view, params: { image = app.info.first ?? undefined, ...params } } = addressed(VIEWS);
  // A picture of an earlier server is brought to this one before the view is updated.
  await showView(view, { image, ...params }, app.info.name, side.update(image));
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
onDigit(VIEWS, (view) => app.info && app.go(view));
