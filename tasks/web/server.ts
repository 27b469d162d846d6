// The server of a page: files, routes and the connections of open pages, for those who may.
import { Refusal } from "../../lib/serve/refusal.ts";
import { UsageError, type Values } from "../command.ts";
import { say } from "../command/say.ts";
import { addressOf, isLoopback, openInBrowser } from "./address.ts";
import { acceptChannel, type OnChannel } from "./channel.ts";
import type { serverFlags } from "./flags.ts";
import { type Guard, guarded, withPolicy } from "./guard.ts";
import { answerFrom, type StaticFiles } from "./static_files.ts";

/** What a server answers. */
export type Served = {
  /** The page's files, by path. */
  readonly files: StaticFiles;
  /** Answers by method and path, `"POST /image"`. */
  readonly routes?: Readonly<Record<string, (request: Request) => Response | Promise<Response>>>;
  /** What is done for an open page, which connects to `/channel`. */
  readonly onChannel: OnChannel;
};

/** A server that listens. */
export type PageServer = {
  /** The page's address, with the token if one is needed. */
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
};

/** The first port that is tried without `--port`, and how many after it. */
const FIRST_PORT = 8080;
const TRIED_PORTS = 20;
/** Where pages are served without `--host`. */
const LOOPBACK = "127.0.0.1";
/** The most pages that are open at once. */
const MOST_CHANNELS = 64;

/** A secret of 32 hexadecimal digits. */
function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The answer to a request that was let in. */
async function answer(
  request: Request,
  { files, routes = {}, onChannel }: Served,
  open: { count: number },
): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/channel") {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("Cannot answer: this is the address of a WebSocket\n", { status: 426 });
    }
    if (open.count >= MOST_CHANNELS) {
      return new Response("Cannot answer: too many pages are open\n", { status: 503 });
    }
    open.count++;
    return acceptChannel(request, onChannel, () => open.count--);
  }
  const route = Object.entries(routes).find(([name]) => name === `${request.method} ${pathname}`);
  return route ? await route[1](request) : answerFrom(files, request);
}

/** Answers every request, also one that fails. */
async function respond(
  request: Request,
  guard: Guard,
  served: Served,
  open: { count: number },
): Promise<Response> {
  const host = request.headers.get("host");
  const refused = guarded(request, guard);
  if (refused) return withPolicy(refused, host);
  try {
    const response = await answer(request, served, open);
    // The answer to an upgrade must stay as it is.
    return response.status === 101 || request.headers.has("upgrade")
      ? response
      : withPolicy(response, host);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const { status, headers } = error instanceof Refusal ? error : { status: 400, headers: {} };
    return withPolicy(Response.json({ error: message }, { status, headers }), host);
  }
}

/** Listens on the first port that is free. */
function listen(
  port: number | undefined,
  hostname: string,
  handler: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  const ports = port === undefined
    ? [...Array.from({ length: TRIED_PORTS }, (_, i) => FIRST_PORT + i), 0]
    : [port];
  for (const [i, each] of ports.entries()) {
    try {
      return Deno.serve({ port: each, hostname, onListen() {} }, handler);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new UsageError(
          `Cannot listen: --host must be an address of this machine, got ${hostname}: ${reason}`,
        );
      }
      if (i < ports.length - 1) continue;
      throw portTaken(each);
    }
  }
  throw new Error("unreachable");
}

function portTaken(port: number): UsageError {
  return new UsageError(
    `Cannot use --port: it must be a free port, got ${port}, which another program uses`,
  );
}

/**
 * Refuses a port that another program uses, for tasks that write before they serve.
 *
 * @param port what `--port` says
 * @throws {UsageError} if it is not free
 */
export function requireFreePort(port: number): void {
  try {
    Deno.listen({ port, hostname: LOOPBACK }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw portTaken(port);
    throw error;
  }
}

/**
 * Serves a page, and prints its address as the first line of stdout. For this machine alone, unless
 * `--host` says otherwise; then a token is needed, which is a part of the printed address.
 *
 * @param flags the values of `serverFlags`
 * @throws {UsageError} if it cannot listen there
 */
export function servePage(
  { port, host = LOOPBACK, json }: Values<typeof serverFlags>,
  served: Served,
): PageServer {
  const token = isLoopback(host) ? undefined : newToken();
  const open = { count: 0 };
  const handler = (request: Request): Promise<Response> => {
    const guard = { hostname: host, port: server.addr.port, ...(token ? { token } : {}) };
    return respond(request, guard, served, open);
  };
  const server = listen(port, host, handler);
  const url = addressOf(host, server.addr.port, token);
  console.log(json ? JSON.stringify({ url }) : url);
  if (token !== undefined) {
    say(
      "on other machines, put this machine's own address in its place; the connection is not encrypted",
    );
  }
  return { url, close: () => server.shutdown() };
}

/**
 * Gives up permissions that a server does not need once its page is served, for all its threads, so
 * that no request can make it use them. With `--open` the browser is opened before.
 */
export async function settle(
  { url }: PageServer,
  { open }: Pick<Values<typeof serverFlags>, "open">,
  names: readonly Deno.PermissionName[],
): Promise<void> {
  const trouble = open ? await openInBrowser(url) : undefined;
  if (trouble !== undefined) say(`note: ${trouble}`);
  for (const name of names) await Deno.permissions.revoke({ name } as Deno.PermissionDescriptor);
}
