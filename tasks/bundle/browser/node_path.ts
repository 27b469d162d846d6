// node:path and node:url in a browser: the ends of addresses.

/** The last part of a path. */
export function basename(path: string): string {
  return path.replace(/\/+$/, "").replace(/^.*\//, "");
}

/** A file's URL as what `fetch` takes. */
export function fileURLToPath(url: URL): string {
  return url.href;
}
