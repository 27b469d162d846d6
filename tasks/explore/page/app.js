// The explorer: what is shown is what the address says, and each change makes another address.
import { openChannel } from "../../web/page/channel.js";
import { addressed, addressOf, drawTabs, goTo, onDigit } from "../../web/page/views.js";
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

let current;
let side;

async function show() {
  const { view, params } = addressed(VIEWS);
  if (!app.info) return;
  app.params = { image: app.info.first ?? undefined, ...params };
  const isOther = app.view !== view;
  app.view = view;
  drawTabs(
    tabs,
    VIEWS,
    view,
    (name) => app.link(name, name === app.view ? app.params : {}),
  );
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
onDigit(VIEWS, (view) => app.info && app.go(view));
