// A folder for files that are read from the disk.

/** The folder, which is removed at the end of the process. */
export const FOLDER = `${Deno.env.get("TMPDIR") ?? "/tmp"}/neocog-fuzz-${Deno.pid}`;

await Deno.mkdir(FOLDER, { recursive: true });
globalThis.addEventListener("unload", () => {
  try {
    Deno.removeSync(FOLDER, { recursive: true });
  } catch {
    // Another thread of the process has.
  }
});
