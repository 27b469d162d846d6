// Files that another file names: they may not lie outside its folder, nor be links.

/**
 * The path of a file that a file names, of which each part was looked at.
 *
 * @param file the file that names it
 * @param location what it says, from its own folder on
 * @param rule how errors begin, such as `Cannot read a.onnx: tensor "w" must be`
 * @throws {RangeError} if it is outside the folder, a link, or no file
 * @throws {Error} of Deno's class for it (`NotFound`, …) if the system refuses
 */
export async function besidePath(file: string, location: string, rule: string): Promise<string> {
  const isInside = location !== "" && !/^[/\\]|^[a-z][a-z0-9+.-]*:|\0/i.test(location) &&
    !location.split(/[/\\]/).includes("..");
  if (!isInside) {
    throw new RangeError(
      `${rule} in a file of the model's folder, got ${JSON.stringify(location)}`,
    );
  }
  const folder = file.replace(/[^/\\]*$/, "");
  const parts = location.split(/[/\\]/).filter((part) => part !== "" && part !== ".");
  for (let i = 1; i <= parts.length; i++) {
    const place = `${folder}${parts.slice(0, i).join("/")}`;
    const { isSymlink, isFile } = await Deno.lstat(place);
    if (!isSymlink && (i < parts.length || isFile)) continue;
    throw new RangeError(
      `${rule} in a file, got ${place}, which is ${isSymlink ? "a link" : "none"}`,
    );
  }
  return `${folder}${parts.join("/")}`;
}
