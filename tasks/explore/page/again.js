// What makes a view again: a command line, a script, and the address.
import { copyButton, el } from "../../web/page/dom.js";

/** Shows the command line of a view, with buttons that copy it. */
export function showAgain(place, { command, script }) {
  place.className = "again";
  place.replaceChildren(
    ...(command ? [el("code", {}, command)] : []),
    el(
      "div",
      { class: "sources" },
      ...(command ? [copyButton("Copy command", command)] : []),
      ...(script ? [copyButton("Copy script", script)] : []),
      copyButton("Copy link", location.href),
    ),
  );
}
