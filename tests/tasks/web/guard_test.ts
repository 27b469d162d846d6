// Who a task's server lets in.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Guard, guarded, withPolicy } from "../../../tasks/web/guard.ts";

const local: Guard = { hostname: "127.0.0.1", port: 8080 };
const shared: Guard = { hostname: "0.0.0.0", port: 8080, token: "0123456789abcdef" };

/** The status of the answer; 0 if the request is let in. */
function statusOf(
  guard: Guard,
  headers: Record<string, string>,
  init: RequestInit = {},
  path = "/",
): number {
  const request = new Request(`http://127.0.0.1:8080${path}`, {
    ...init,
    headers: { host: "127.0.0.1:8080", ...headers },
  });
  return guarded(request, guard)?.status ?? 0;
}

Deno.test("this machine's names are let in, others are not: a name server may point them here", () => {
  for (const host of ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080", "[::1]:8080"]) {
    assertEquals(statusOf(local, { host }), 0, host);
  }
  const strange = [
    "evil.example:8080",
    "127.0.0.1.evil.example:8080",
    "127.0.0.1:8081",
    "127.0.0.1",
    "localhost.:8080",
    "",
    "a b",
    "192.168.0.2:8080",
    "2130706433:8080",
  ];
  for (const host of strange) assertEquals(statusOf(local, { host }), 421, host);
});

Deno.test("pages of other origins are refused, also by what browsers say of a request", () => {
  for (
    const origin of [
      "http://evil.example",
      "null",
      "http://127.0.0.1:8081",
      "https://127.0.0.1:8080",
    ]
  ) {
    assertEquals(statusOf(local, { origin }), 403, origin);
    assertEquals(statusOf(local, { origin }, { method: "POST" }), 403, origin);
  }
  assertEquals(statusOf(local, { origin: "http://127.0.0.1:8080" }, { method: "POST" }), 0);
  assertEquals(
    statusOf(local, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }),
    403,
  );
  assertEquals(statusOf(local, { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" }), 403);
  assertEquals(statusOf(local, { "sec-fetch-site": "same-origin" }), 0);
  // A link in a message opens the page.
  const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
  assertEquals(statusOf(local, { ...link, "sec-fetch-dest": "document" }), 0);
  assertEquals(statusOf(local, { ...link, "sec-fetch-dest": "iframe" }), 403);
});

Deno.test("other methods are refused", () => {
  for (const method of ["PUT", "DELETE", "OPTIONS", "PATCH"]) {
    assertEquals(statusOf(local, {}, { method }), 405);
  }
});

Deno.test("other machines need the token, which moves from the address to a cookie", () => {
  assertEquals(statusOf(shared, {}), 401);
  assertEquals(statusOf(shared, {}, {}, "/?token=0123456789abcdee"), 401);
  assertEquals(statusOf(shared, {}, {}, "/?token="), 401);
  assertEquals(statusOf(shared, { cookie: "neocog_token=0123456789abcdef; a=b" }), 0);
  assertEquals(statusOf(shared, { cookie: "neocog_token=0123456789abcdef0" }), 401);
  assertEquals(
    statusOf(shared, { host: "192.168.0.2:8080", cookie: "neocog_token=0123456789abcdef" }),
    0,
  );
  assertEquals(
    statusOf(shared, { host: "evil.example:8080", cookie: "neocog_token=0123456789abcdef" }),
    421,
  );
  const request = new Request("http://127.0.0.1:8080/?token=0123456789abcdef&a=1", {
    headers: { host: "127.0.0.1:8080" },
  });
  const answer = guarded(request, shared)!;
  assertEquals([answer.status, answer.headers.get("location")], [303, "/?a=1"]);
  assertStringIncludes(answer.headers.get("set-cookie")!, "HttpOnly; SameSite=Lax");
});

Deno.test("the policy names this server alone", () => {
  const { headers } = withPolicy(new Response("x"), "127.0.0.1:8080");
  const policy = headers.get("content-security-policy")!;
  assertStringIncludes(policy, "default-src 'none'");
  assertStringIncludes(policy, "connect-src 'self' ws://127.0.0.1:8080;");
  assertEquals(policy.includes("unsafe"), false);
  assertEquals(
    withPolicy(new Response("x"), "a; script-src *").headers.get("content-security-policy")!
      .includes("*"),
    false,
  );
});
