// The address of a task's server: where it listens, and how it is printed and opened.

/** Whether a name or address is of this machine alone. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** The address of a page; a server that listens everywhere is called by this machine's own address. */
export function addressOf(hostname: string, port: number, token?: string): string {
  const isAny = hostname === "0.0.0.0" || hostname === "::";
  const name = isAny ? "127.0.0.1" : hostname.includes(":") ? `[${hostname}]` : hostname;
  return `http://${name}:${port}/${token === undefined ? "" : `?token=${token}`}`;
}

/** The programs that open an address in the user's browser, by the system: their paths are in deno.json's permissions. */
const OPENERS: Readonly<Record<string, readonly [command: string, ...args: string[]]>> = {
  darwin: ["/usr/bin/open"],
  windows: ["C:/Windows/explorer.exe"],
};

/** Opens an address in the user's browser; what keeps it from that is returned as a sentence. */
export async function openInBrowser(url: string): Promise<string | undefined> {
  const [command, ...args] = OPENERS[Deno.build.os] ?? ["/usr/bin/xdg-open"];
  try {
    const { success } = await new Deno.Command(command, {
      args: [...args, url],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    // Explorer returns 1 even if it opened the page.
    return success || Deno.build.os === "windows" ? undefined : `${command} could not open ${url}`;
  } catch (error) {
    return `${command} could not open ${url}: ${error instanceof Error ? error.message : error}`;
  }
}
