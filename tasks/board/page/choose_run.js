// The choice of the one run of a view.
import { el, labeled, select } from "../../web/page/dom.js";

/** A choice of runs that keeps what is chosen while runs come and go. */
export function chooseRun(app) {
  const place = el("span");
  let known = "";
  return {
    place,
    update() {
      const ids = app.runs.map(({ id }) => id);
      const chosen = app.one()?.id;
      const key = JSON.stringify([ids, chosen]);
      if (key === known) return;
      known = key;
      const choice = select({ class: "run" }, ids, chosen);
      choice.addEventListener(
        "change",
        () => app.set({ run: choice.value, cell: "", measure: "", epoch: "" }),
      );
      place.replaceChildren(labeled("Run", choice));
    },
  };
}
