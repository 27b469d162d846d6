// Real weights, photos and images that lie beside a checkout, and nowhere in it: tests that want them skip visibly.

const data = new URL("../../shared/data/", import.meta.url);

function isThere(url: URL): boolean {
  try {
    return Deno.statSync(url).isDirectory;
  } catch {
    return false;
  }
}

/** Whether the data can be read. */
export const hasSharedData = isThere(data);

/** What the name of a test that needs the data ends in. */
const SHARED_DATA_NOTE = hasSharedData ? "" : " (ignored: ../shared/data cannot be read)";

/**
 * The path of one of its files.
 *
 * @param name from its folder on, `photos/coffee.png`
 */
export function sharedPath(name: string): string {
  return decodeURIComponent(new URL(name, data).pathname);
}

/**
 * Declares a test that needs the data, and is visibly ignored without.
 *
 * @param name the test's name
 * @param fn the test
 * @param options what else it depends on, and says so in its name
 */
export function sharedDataTest(
  name: string,
  fn: () => void | Promise<void>,
  options: { readonly ignore?: boolean } = {},
): void {
  Deno.test({
    name: name + SHARED_DATA_NOTE,
    ignore: !hasSharedData || options.ignore === true,
    // A device outlives the test that opened it.
    sanitizeResources: false,
    sanitizeOps: false,
    fn,
  });
}
