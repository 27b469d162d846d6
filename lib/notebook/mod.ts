// Notebooks: values show themselves, and training draws its progress in place.

export { DISPLAY, show, showAll, type Shown } from "./show.ts";
export type { MediaBundle } from "./kinds.ts";
export { type NotebookProgressOptions, progress } from "./progress.ts";
