// What stands for Deno and Node's modules in a browser: the same answers.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { crc32, deflateSync, inflateSync } from "node:zlib";
import * as crypto from "../../tasks/bundle/browser/node_crypto.ts";
import * as zlib from "../../tasks/bundle/browser/node_zlib.ts";
import * as paths from "../../tasks/bundle/browser/node_path.ts";
import "../../tasks/bundle/browser/deno.ts";
import { addFile } from "../../tasks/bundle/browser/files.ts";

const page = (globalThis as unknown as Record<symbol, typeof Deno>)[Symbol.for("neocog.deno")]!;

function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65536) {
    globalThis.crypto.getRandomValues(bytes.subarray(at, at + 65536));
  }
  return bytes;
}

Deno.test("hashes and checksums are Node's", () => {
  for (const length of [0, 1, 63, 64, 65, 5000]) {
    const bytes = randomBytes(length);
    const expected = createHash("sha256").update(bytes).update("ä").digest("hex");
    assertEquals(crypto.createHash("sha256").update(bytes).update("ä").digest("hex"), expected);
    assertEquals(zlib.crc32(bytes), crc32(bytes));
  }
});

Deno.test("data inflates to the same bytes, up to the bound, and whole", () => {
  const bytes = randomBytes(200_000);
  const deflated = new Uint8Array(deflateSync(bytes));
  assertEquals(zlib.inflateSync(deflated, { maxOutputLength: bytes.length }), bytes);
  const bound = { maxOutputLength: bytes.length - 1 };
  assertThrows(() => zlib.inflateSync(deflated, bound), RangeError, "there is more");
  const zeros = new Uint8Array(deflateSync(new Uint8Array(50_000_000)));
  assertThrows(() => zlib.inflateSync(zeros, { maxOutputLength: 1000 }), RangeError);
  const cut = deflated.subarray(0, 1000);
  assertThrows(() => zlib.inflateSync(cut, { maxOutputLength: bytes.length }), Error);
});

Deno.test("what is deflated inflates to the same bytes by Node too", () => {
  const bytes = randomBytes(1000);
  const deflated = zlib.deflateSync(bytes, { level: 3 });
  assertEquals(new Uint8Array(inflateSync(deflated)), bytes);
});

Deno.test("paths end as in Node", () => {
  assertEquals(paths.basename("a/b.png/"), "b.png");
  assertEquals(paths.fileURLToPath(new URL("http://a/b")), "http://a/b");
});

Deno.test("files are read from the server, or written to memory and read back", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    const html = new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
    if (pathname === "/spa.json") return html;
    if (pathname === "/data/index.json") return Response.json(["b.bin", "a.bin"]);
    return pathname === "/a.bin"
      ? new Response(request.method === "HEAD" ? null : "abcdef", {
        headers: { "content-length": "6" },
      })
      : new Response(null, { status: 404 });
  });
  const root = `http://127.0.0.1:${server.addr.port}`;
  assertEquals(await page.readTextFile(`${root}/a.bin`), "abcdef");
  assertEquals((await page.stat(`${root}/a.bin`)).size, 6);
  const { NotFound } = page.errors;
  await assertRejects(() => page.readFile(`${root}/none`), NotFound, "status 404");
  await assertRejects(() => page.readFile(`${root}/spa.json`), NotFound, "a page of HTML");
  await assertRejects(() => page.stat("/neocog-cache/none"), NotFound);
  const names = [];
  for await (const { name } of page.readDir(`${root}/data`)) names.push(name);
  assertEquals(names, ["b.bin", "a.bin"]);

  using file = await page.open(`${root}/a.bin`);
  const buffer = new Uint8Array(4);
  await file.seek(2, page.SeekMode.Start);
  assertEquals([await file.read(buffer), new TextDecoder().decode(buffer)], [4, "cdef"]);
  assertEquals(await file.read(buffer), null);

  const part = await page.open("/neocog-cache/x.part", { write: true, createNew: true });
  const bytes = randomBytes(10_000);
  for (let at = 0; at < bytes.length; at += 999) await part.write(bytes.subarray(at, at + 999));
  await page.rename("/neocog-cache/x.part", "/neocog-cache/x");
  assertEquals(await page.readFile("/neocog-cache/x"), bytes);
  await page.remove("/neocog-cache/x");
  await assertRejects(() => page.readFile("/neocog-cache/x"), NotFound);
  await assertRejects(() => page.remove("/neocog-cache/x"), NotFound);

  const path = await addFile(new File([bytes], "weights.onnx"));
  assertEquals([path, await page.readFile(path)], ["/files/weights.onnx", bytes]);
  assertThrows(() => page.readTextFileSync("a"), Error, "in a browser");
});

Deno.test("the library uses nothing when it is imported that a browser may lack", async () => {
  const mod = new URL("../../mod.ts", import.meta.url).href;
  // Node's modules are Deno's own here, and want it.
  const names = ["zlib", "crypto", "path", "url", "util", "fs", "module", "process"];
  const lacking = ["Deno", "SharedArrayBuffer", "GPUBufferUsage", "GPUMapMode", "GPUShaderStage"];
  const text = [
    ...names.map((name) => `await import("node:${name}");`),
    ...lacking.map((name) => `delete globalThis.${name};`),
    `await import(${JSON.stringify(mod)});`,
  ].join("");
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", text],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});
