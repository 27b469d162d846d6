// Keeps two runs out of one directory.

/** A lock that this process holds. */
export type Lock = { release(): Promise<void> };

/**
 * Locks a directory for this process, until it is released or the process ends: a process that
 * was killed leaves the file, but no lock.
 *
 * @param dir the directory
 * @throws {Error} naming the directory, where another process holds it
 */
export async function lockDir(dir: string): Promise<Lock> {
  const path = `${dir}/run.lock`;
  const file = await Deno.open(path, { read: true, write: true, create: true });
  if (!await file.tryLock(true)) {
    const holder = (await Deno.readTextFile(path)).trim();
    file.close();
    throw new Error(
      `Cannot train in ${dir}: no other run may use that directory, got a run of process ${
        holder || "unknown"
      }. Name another with --out, or wait for its end`,
    );
  }
  await file.truncate();
  await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
  return {
    async release() {
      // Removed while it is held: who opens the path from now on makes a new one.
      await Deno.remove(path).catch(() => {});
      file.close();
    },
  };
}
