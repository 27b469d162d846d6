// Files that are written atomically.

export { type FileContents, writeFileAtomically } from "./atomic_file.ts";
export type { DownloadOptions } from "./download.ts";
export type { CachedFileOptions } from "./cached_file.ts";
