// Finds a name that a JSON object has twice, which JSON.parse hides by keeping the last.

/**
 * The first name that stands twice in one object of a JSON text.
 *
 * `JSON.parse` keeps the last of several equal names, so that a file could show
 * one tensor to one reader and another to the next.
 *
 * @returns the name, or `undefined` if every object's names differ
 */
export function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (character === "{") open.push(new Set());
    else if (character === "}") open.pop();
    else if (character === '"') {
      const end = stringEnd(json, i);
      if (isKey(json, end)) {
        const name: string = JSON.parse(json.slice(i, end));
        const names = open.at(-1)!;
        if (names.has(name)) return name;
        names.add(name);
      }
      i = end - 1;
    }
  }
  return undefined;
}

/** The index after the string literal that starts at `start`. */
function stringEnd(json: string, start: number): number {
  let i = start + 1;
  while (json[i] !== '"') i += json[i] === "\\" ? 2 : 1;
  return i + 1;
}

/** Whether a colon follows: in valid JSON, only a name has one after it. */
function isKey(json: string, end: number): boolean {
  const colon = /\s*:/y;
  colon.lastIndex = end;
  return colon.test(json);
}
