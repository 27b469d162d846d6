// A task's server: files, uploads and the channel, with a task that does nothing.
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { UsageError } from "../../../tasks/command.ts";
import { decodeMessage } from "../../../tasks/web/page/channel.js";
import { encodeMessage } from "../../../tasks/web/message.ts";
import { servePage } from "../../../tasks/web/server.ts";
import { readStaticFiles, staticFile } from "../../../tasks/web/static_files.ts";
import { readBody } from "../../../lib/serve/read_body.ts";

const flags = { port: 0, host: undefined, open: false, json: false };

/** A server with a page of one file, a route that counts bytes, and a channel that echoes. */
async function withServer(work: (url: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  await Deno.mkdir(`${dir}/page`);
  await Deno.writeTextFile(`${dir}/page/index.html`, "<!DOCTYPE html>page");
  const log = console.log;
  console.log = () => {};
  const server = servePage(flags, {
    files: await readStaticFiles(new URL(`file://${dir}/`), ["page"]),
    routes: {
      "POST /count": async (request) =>
        Response.json({
          bytes: (await readBody(request, { maxBytes: 1000, timeout: 5000 })).length,
        }),
    },
    onChannel: ({ send }) => ({
      onRequest: (request) =>
        send({
          said: { echo: request },
          arrays: { a: { shape: [2], values: new Float32Array([1, 2]) } },
        }),
      onClose() {},
    }),
  });
  console.log = log;
  try {
    await work(server.url);
  } finally {
    await server.close();
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("files are served with a policy and a tag, others and paths out of the folder are not", async () => {
  await withServer(async (url) => {
    const page = await fetch(url);
    assertEquals([page.status, await page.text()], [200, "<!DOCTYPE html>page"]);
    assertStringIncludes(page.headers.get("content-security-policy")!, "default-src 'none'");
    const again = await fetch(url, { headers: { "if-none-match": page.headers.get("etag")! } });
    assertEquals([again.status, await again.text()], [304, ""]);
    for (
      const path of [
        "none.js",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e/deno.json",
        "index.html/",
        "constructor",
      ]
    ) {
      const answer = await fetch(`${url}${path}`);
      await answer.body?.cancel();
      assertEquals(answer.status, 404, path);
    }
    const posted = await fetch(url, { method: "POST", body: "page" });
    assertEquals([posted.status, await posted.text()], [
      405,
      "Cannot answer: the method must be GET or HEAD\n",
    ]);
    // A path that no client normalizes.
    const { hostname, port } = new URL(url);
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const text =
      `GET /../../deno.json HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(text));
    const answer = new Uint8Array(100);
    const length = await connection.read(answer);
    assertStringIncludes(new TextDecoder().decode(answer.subarray(0, length!)), " 404 ");
  });
});

Deno.test("an upload is read up to its limit, by what it says and by what it is", async () => {
  await withServer(async (url) => {
    const post = async (body: BodyInit) => {
      const answer = await fetch(`${url}count`, { method: "POST", body });
      return [answer.status, await answer.json()];
    };
    assertEquals(await post(new Uint8Array(1000)), [200, { bytes: 1000 }]);
    assertEquals((await post(new Uint8Array(1001)))[0], 413);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 100;
        controller.enqueue(new Uint8Array(100));
        if (sent > 1e6) controller.close();
      },
    });
    assertEquals((await post(endless))[0], 413);
  });
});

Deno.test("the channel answers with arrays, and closes on what is no request", async () => {
  await withServer(async (url) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}channel`);
    socket.binaryType = "arraybuffer";
    await new Promise((resolve) => socket.onopen = resolve);
    socket.send(JSON.stringify({ id: 7 }));
    const { data } = await new Promise<MessageEvent>((resolve) => socket.onmessage = resolve);
    const message = decodeMessage(data);
    assertEquals(message.echo, { id: 7 });
    assertEquals([...message.arrays.a.values], [1, 2]);
    const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
    socket.send("[1]");
    assertEquals((await closed).code, 1003);
    const plain = await fetch(`${url}channel`);
    await plain.body?.cancel();
    assertEquals(plain.status, 426);
  });
});

Deno.test("a port in use, and an address of another machine, are refused", async () => {
  await withServer((url) => {
    const port = Number(new URL(url).port);
    const served = { files: new Map(), onChannel: () => ({ onRequest() {}, onClose() {} }) };
    assertThrows(() => servePage({ ...flags, port }, served), UsageError, "--port");
    assertThrows(() => servePage({ ...flags, host: "192.0.2.1" }, served), UsageError, "--host");
    return Promise.resolve();
  });
});

Deno.test("a server for other machines answers those who have the token", async () => {
  const [log, warn] = [console.log, console.error];
  console.log = console.error = () => {};
  const server = servePage({ ...flags, host: "0.0.0.0" }, {
    files: new Map([["/", staticFile("index.html", new TextEncoder().encode("page"))]]),
    onChannel: () => ({ onRequest() {}, onClose() {} }),
  });
  [console.log, console.error] = [log, warn];
  try {
    const { origin } = new URL(server.url);
    const answer = async (path: string, headers = {}) => {
      const response = await fetch(`${origin}${path}`, { headers, redirect: "manual" });
      await response.body?.cancel();
      return response;
    };
    assertEquals((await answer("/")).status, 401);
    assertEquals((await answer("/channel")).status, 401);
    const letIn = await answer(server.url.slice(origin.length));
    assertEquals([letIn.status, letIn.headers.get("location")], [303, "/"]);
    const cookie = letIn.headers.get("set-cookie")!.split(";")[0]!;
    assertEquals((await answer("/", { cookie })).status, 200);
  } finally {
    await server.close();
  }
});

Deno.test("messages hold arrays of any length at places that float32 can be read from", () => {
  const values = Float32Array.from([1.5, -2, 3e20]);
  const bytes = Uint8Array.from([1, 2, 3, 4, 5]);
  const encoded = encodeMessage({
    said: { name: "größe", id: 3 },
    arrays: {
      bytes: { shape: [5], values: bytes },
      values: { shape: [3], values },
      none: { shape: [0], values: new Uint8Array() },
    },
  });
  const { name, id, arrays } = decodeMessage(encoded.buffer);
  assertEquals([name, id], ["größe", 3]);
  assertEquals([...arrays.bytes.values], [...bytes]);
  assertEquals([...arrays.values.values], [...values]);
  assertEquals(arrays.none.values.length, 0);
  assert(arrays.values.values instanceof Float32Array);
});
