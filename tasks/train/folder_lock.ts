// The lock of a folder, for one run at a time.
import { attempting } from "../../lib/files/file_error.ts";

/**
 * Locks a folder for this process, until it is released or the process ends. A process that was
 * killed leaves the file, but not the lock.
 *
 * @param path the file to lock
 * @returns what releases it
 * @throws {Error} naming the process that holds it
 */
export async function lockFolder(dir: string, path: string): Promise<() => Promise<void>> {
  const attempt = `Cannot lock ${dir} by ${path}`;
  const file = await attempting(
    attempt,
    Deno.open(path, { read: true, write: true, create: true }),
  );
  if (!await file.tryLock(true)) {
    const holder = (await Deno.readTextFile(path)).trim();
    file.close();
    throw new Error(
      `Cannot use ${dir}: no other run may be under way in it, got one of process ${
        holder || "unknown"
      }. Name another folder with --out, or wait for its end`,
    );
  }
  const release = async (): Promise<void> => {
    // Removed while it is locked: whoever opens the path from now on makes a new file.
    await Deno.remove(path).catch(() => {});
    file.close();
  };
  try {
    await attempting(attempt, file.truncate());
    await attempting(attempt, file.write(new TextEncoder().encode(`${Deno.pid}\n`)));
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}
