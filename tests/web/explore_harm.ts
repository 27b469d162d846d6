// Those who mean harm: other origins, paths out of the folder, huge uploads, files that are no pictures.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hasAdapter } from "../device/adapter.ts";
import { startTask } from "./task_server.ts";
import { webTest } from "./in_browser.ts";

webTest(
  "pages of other origins, paths out of the folder and huge uploads are refused",
  async () => {
    await using server = await startTask("explore");
    const { url, port } = server;
    const raw = async (head: string): Promise<string> => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(new TextEncoder().encode(`${head}\r\nConnection: close\r\n\r\n`));
      const answer = new Uint8Array(64);
      const length = await connection.read(answer);
      return new TextDecoder().decode(answer.subarray(0, length ?? 0)).split("\r\n")[0]!;
    };
    const host = `Host: 127.0.0.1:${port}`;
    const upgrade =
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    assertStringIncludes(await raw(`GET / HTTP/1.1\r\nHost: evil.example:${port}`), " 421 ");
    assertStringIncludes(
      await raw(`GET /channel HTTP/1.1\r\n${host}\r\nOrigin: http://evil.example\r\n${upgrade}`),
      " 403 ",
    );
    for (
      const path of [
        "/../deno.json",
        "/explore/page/../../../deno.json",
        "/%2e%2e/deno.json",
        "//etc/passwd",
        "/explore/page/app.js%00",
      ]
    ) {
      assertStringIncludes(await raw(`GET ${path} HTTP/1.1\r\n${host}`), " 404 ", path);
    }
    // A gigabyte is refused by what it says; without that, after the limit.
    assertStringIncludes(
      await raw(`POST /picture HTTP/1.1\r\n${host}\r\nContent-Length: 1073741824`),
      " 413 ",
    );
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent >= 2 ** 30) return controller.close();
        sent += 2 ** 20;
        controller.enqueue(new Uint8Array(2 ** 20));
      },
    });
    const answer = await fetch(`${url}picture`, { method: "POST", body }).catch(() => undefined);
    assert(answer === undefined || answer.status === 413, `${answer?.status}`);
    await answer?.body?.cancel();
    assert(sent < 200 * 2 ** 20, `${sent} bytes were taken`);
    const foreign = await fetch(`${url}picture`, {
      method: "POST",
      body: "x",
      headers: { origin: "http://evil.example" },
    });
    assertEquals(foreign.status, 403);
    await foreign.body?.cancel();
    const none = await fetch(`${url}picture`, { method: "POST", body: "no picture" });
    assertEquals(none.status, 415);
    assertStringIncludes((await none.json()).error, "Cannot");
    // A picture of 60,000 × 60,000 pixels, by its header.
    const bomb = new Uint8Array(await Deno.readFile("examples/gallery/filters.png"));
    new DataView(bomb.buffer).setUint32(16, 60_000);
    new DataView(bomb.buffer).setUint32(20, 60_000);
    const large = await fetch(`${url}picture`, { method: "POST", body: bomb });
    assertEquals(large.status, 415);
    await large.body?.cancel();
    const page = await fetch(url);
    assertEquals(page.status, 200);
    await page.body?.cancel();
  },
  hasAdapter ? null : "no GPU adapter",
);
