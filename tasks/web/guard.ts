// Who may talk to a task's server: by the Host, the origin and the token of a request.
import { isLoopback } from "./address.ts";

/** What a server knows of itself. */
export type Guard = {
  /** The name or address that it is bound to. */
  readonly hostname: string;
  readonly port: number;
  /** The secret that others than this machine need; absent if the server is bound to this machine. */
  readonly token?: string;
};

const COOKIE = "neocog_token";

/** Compares secrets in a time that does not tell how much of them is right. */
function isSame(one: string, other: string): boolean {
  let differences = one.length ^ other.length;
  for (let i = 0; i < other.length; i++) differences |= one.charCodeAt(i) ^ other.charCodeAt(i);
  return differences === 0;
}

/** The host and port of a Host header; `undefined` if it is none. */
function hostOf(header: string | null): { hostname: string; port: number } | undefined {
  const match = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(header ?? "");
  if (!match) return undefined;
  return {
    hostname: match[1]!.toLowerCase().replace(/^\[|\]$/g, ""),
    port: match[2] === undefined ? 80 : Number(match[2]),
  };
}

/** An address in numbers, which no name server can turn to another machine. */
const isNumeric = (hostname: string): boolean =>
  /^[\d.]+$/.test(hostname) || hostname.includes(":");

/** Whether a server may be called by the name in the Host header: DNS rebinding brings another. */
function isOwnName(guard: Guard, header: string | null): boolean {
  const host = hostOf(header);
  if (!host || host.port !== guard.port) return false;
  if (isLoopback(host.hostname)) return true;
  if (guard.token === undefined) return false;
  return host.hostname === guard.hostname.toLowerCase() || isNumeric(host.hostname);
}

/** Whether a page of another origin made the request. Opening the page by a link is allowed. */
function isForeign({ headers, method }: Request): boolean {
  const origin = headers.get("origin");
  if (origin !== null) return origin !== `http://${headers.get("host")}`;
  const site = headers.get("sec-fetch-site");
  if (site === null || site === "same-origin" || site === "none") return false;
  return method !== "GET" || headers.get("sec-fetch-mode") !== "navigate" ||
    headers.get("sec-fetch-dest") !== "document";
}

function cookieOf(headers: Headers): string {
  const pairs = (headers.get("cookie") ?? "").split(";").map((pair) => pair.trim().split("="));
  return pairs.find(([name]) => name === COOKIE)?.[1] ?? "";
}

function refusal(status: number, text: string): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain" } });
}

/**
 * The answer to a request that is refused, or that brings the token in its address: it becomes a
 * cookie, and the address loses it.
 *
 * @returns `undefined` if the request may be answered
 */
export function guarded(request: Request, guard: Guard): Response | undefined {
  const { headers, method } = request;
  if (!["GET", "HEAD", "POST"].includes(method)) {
    return refusal(405, `Cannot answer: the method must be GET or POST, got ${method}`);
  }
  if (!isOwnName(guard, headers.get("host"))) {
    return refusal(421, "Cannot answer: the Host must be this server's address");
  }
  if (isForeign(request)) {
    return refusal(403, "Cannot answer: the request must come from this server's own page");
  }
  if (guard.token === undefined) return undefined;
  const url = new URL(request.url);
  const given = url.searchParams.get("token");
  if (given !== null && isSame(given, guard.token)) {
    url.searchParams.delete("token");
    const cookie = `${COOKIE}=${guard.token}; Path=/; HttpOnly; SameSite=Lax`;
    return new Response(null, {
      status: 303,
      headers: { location: `${url.pathname}${url.search}`, "set-cookie": cookie },
    });
  }
  if (isSame(cookieOf(headers), guard.token)) return undefined;
  return refusal(401, "Cannot answer: open the address with the token that the task printed");
}

/**
 * Adds the headers that keep a page to itself: scripts, styles, pictures and connections of its own
 * server only, no frames, no forms.
 */
export function withPolicy(response: Response, host: string | null): Response {
  const socket = host && hostOf(host) ? ` ws://${host}` : "";
  const headers = new Headers(response.headers);
  headers.set(
    "content-security-policy",
    `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; ` +
      `media-src 'self' blob:; connect-src 'self'${socket}; base-uri 'none'; form-action 'none'; ` +
      `frame-ancestors 'none'`,
  );
  headers.set("permissions-policy", "camera=(self), microphone=(), geolocation=()");
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-resource-policy", "same-origin");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return new Response(response.body, { status: response.status, headers });
}
