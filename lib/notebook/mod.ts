// Notebooks: values show themselves, and training draws its progress in place.

export { show, showAll, type Shown } from "./show.ts";
export { type NotebookProgressOptions, progress } from "./progress.ts";
