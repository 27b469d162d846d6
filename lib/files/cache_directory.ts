// The directory of fetched files.

/**
 * The directory of fetched files: `NEOCOG_CACHE`, else `XDG_CACHE_HOME/neocog`, else the system's
 * usual place: `~/.cache/neocog`, on macOS `~/Library/Caches/neocog`, on Windows
 * `%LOCALAPPDATA%\neocog\cache`.
 *
 * Needs `--allow-env` for the variables that it reads.
 *
 * @throws {RangeError} if no variable is set
 */
export function cacheDirectory(
  get: (name: string) => string | undefined = Deno.env.get,
  os: typeof Deno.build.os = Deno.build.os,
): string {
  const own = get("NEOCOG_CACHE");
  if (own) return own;
  const xdg = get("XDG_CACHE_HOME");
  // By its specification, a relative path is to be ignored.
  if (xdg && isAbsolute(xdg)) return `${xdg}/neocog`;
  if (os === "windows") {
    const local = get("LOCALAPPDATA");
    if (local) return `${local}\\neocog\\cache`;
  }
  const home = get(os === "windows" ? "USERPROFILE" : "HOME");
  if (home) return `${home}/${os === "darwin" ? "Library/Caches" : ".cache"}/neocog`;
  throw new RangeError(
    "Cannot keep fetched files: NEOCOG_CACHE, or else the option cacheDir, must be a directory, " +
      "got unset, and so is the home directory",
  );
}

function isAbsolute(path: string): boolean {
  return path.startsWith("/") || /^[A-Za-z]:[/\\]/.test(path);
}
