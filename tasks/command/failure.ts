// What a task prints when it fails: one line, and the stack on request.

/** A failure's message as one line, in the user's terms. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The flag is deno.json's to give, not something to add to `deno task`.
  const message = error.message
    .replace(/, run again with the (--allow-[\w-]+) flag/, ": this task runs without $1")
    .split("\n").map((line) => line.trim()).filter((line) => line !== "").join(" ");
  return message === "" ? error.name : message;
}

/** Whether the message says what is wrong: ours do, and those of the file system. */
function isPlain(error: unknown): boolean {
  return error instanceof Error && (/^Cannot /.test(error.message) || /^\w+$/.test(error.name) &&
      Object.hasOwn(Deno.errors, error.name));
}

/**
 * Whether `NEOCOG_DEBUG=1` asks for stacks. Without permission to read it: `false`.
 */
export function isDebugging(): boolean {
  const permission = { name: "env", variable: "NEOCOG_DEBUG" } as const;
  if (Deno.permissions.querySync(permission).state !== "granted") return false;
  return Deno.env.get("NEOCOG_DEBUG") === "1";
}

/** Whether an error says in its own words what its cause, the file system's error, says. */
function isSystems({ cause, name }: Error): boolean {
  return cause instanceof Error && cause.name === name && Object.hasOwn(Deno.errors, name);
}

/**
 * A failure as one line, causes included; below it its stack if `debugging`.
 *
 * @param error what was thrown
 * @param debugging whether to add the stack
 * @returns the text after `error: `
 */
export function failureText(error: unknown, debugging: boolean): string {
  const parts = [messageOf(error)];
  for (let at = error; at instanceof Error && parts.length < 6; at = at.cause) {
    // Many messages contain their causes'.
    const cause = at.cause === undefined || isSystems(at) ? "" : messageOf(at.cause);
    if (!parts.some((part) => part.includes(cause))) parts.push(cause);
  }
  const line = parts.join(": ");
  if (debugging) return error instanceof Error ? `${line}\n${error.stack}` : line;
  // A message from elsewhere may say little.
  return isPlain(error) ? line : `${line} (NEOCOG_DEBUG=1 shows where)`;
}
