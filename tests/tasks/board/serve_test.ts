// The board's server: what it tells, and what it refuses.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { serveBoard } from "../../../tasks/board/serve.ts";
import { decodeMessage } from "../../../tasks/web/page/channel.js";

const flags = { port: 0, host: undefined, open: false, json: false };
const ROW = "epoch,loss,run\r\n1,2,ab\r\n";

type Answer = Record<string, unknown>;

/** Asks over a channel; the first message of each request is its answer. */
async function opened(url: string) {
  const socket = new WebSocket(`${url.replace("http", "ws")}channel`);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve) => socket.onopen = resolve);
  const waiting = new Map<unknown, (answer: Answer) => void>();
  socket.onmessage = ({ data }) => {
    const message = decodeMessage(data);
    waiting.get(message.id)?.(message);
  };
  let count = 0;
  const ask = (request: Answer): Promise<Answer> =>
    new Promise((resolve) => {
      const id = ++count;
      waiting.set(id, resolve);
      socket.send(JSON.stringify({ ...request, id }));
    });
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
  };
  return { ask, close, on: (id: number, f: (answer: Answer) => void) => waiting.set(id, f) };
}

async function withBoard(
  work: (url: string, dir: string, stops: string[]) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  await Deno.mkdir(`${dir}/runs/a`, { recursive: true });
  await Deno.writeTextFile(`${dir}/runs/a/history.csv`, ROW);
  await Deno.writeTextFile(`${dir}/runs/a/wrongest.png`, "picture");
  await Deno.mkdir(`${dir}/other`);
  await Deno.writeTextFile(`${dir}/other/history.csv`, ROW);
  const stops: string[] = [];
  const log = console.log;
  console.log = () => {};
  const server = await serveBoard(flags, {
    folders: [`${dir}/runs`],
    onStop: (when) => stops.push(when),
  });
  console.log = log;
  try {
    await work(server.url, dir, stops);
  } finally {
    await server.close();
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("an open page is told of runs, and of what changes in their files", async () => {
  await withBoard(async (url, dir) => {
    const { ask, close, on } = await opened(url);
    const { runs } = await ask({ do: "watch" }) as { runs: { id: string; epochs: number }[] };
    assertEquals(runs.map(({ id, epochs }) => [id, epochs]), [[`${dir}/runs/a`, 1]]);
    const changed = new Promise<Answer>((resolve) => on(1, resolve));
    await Deno.writeTextFile(`${dir}/runs/a/history.csv`, `${ROW}2,1,ab\r\n`);
    const { runs: now } = await changed as { runs: { epochs: number }[] };
    assertEquals(now.map(({ epochs }) => epochs), [2]);
    const { runs: [curves] } = await ask({ do: "curves", runs: [`${dir}/runs/a`] }) as {
      runs: { epochs: unknown }[];
    };
    assertEquals(curves!.epochs, [{ epoch: 1, loss: 2 }, { epoch: 2, loss: 1 }]);
    assertEquals((await ask({ do: "confusion", run: `${dir}/runs/a` })).confusion, null);
    assertEquals((await ask({ do: "layers", run: `${dir}/runs/a` })).epochs, []);
    await close();
  });
});

Deno.test("runs outside the folders, files without a checkpoint and unknown requests are refused", async () => {
  await withBoard(async (url, dir) => {
    const { ask, close } = await opened(url);
    for (const run of [`${dir}/other`, `${dir}/runs/../other`, "../other", "/etc", "", 7, null]) {
      for (const request of ["layers", "confusion", "weights", "examine"]) {
        assertStringIncludes(`${(await ask({ do: request, run })).error}`, "Cannot find the run");
      }
      const { error } = await ask({ do: "curves", runs: [run] });
      assertStringIncludes(`${error}`, "Cannot find the run");
    }
    const { error } = await ask({ do: "weights", run: `${dir}/runs/a` });
    assertStringIncludes(`${error}`, "it must have a checkpoint.safetensors");
    assertStringIncludes(`${(await ask({ do: "constructor" })).error}`, "no such request");
    await close();
    const picture = await fetch(`${url}wrongest?run=${encodeURIComponent(`${dir}/runs/a`)}`);
    assertEquals([picture.headers.get("content-type"), await picture.text()], [
      "image/png",
      "picture",
    ]);
    for (const run of [`${dir}/other`, `${dir}/runs/a/../../other`, "/etc/passwd"]) {
      const answer = await fetch(`${url}wrongest?run=${encodeURIComponent(run)}`);
      await answer.body?.cancel();
      assertEquals(answer.status, 400, run);
    }
    for (const path of ["runs/a/history.csv", "board/page/../../train.ts", "board/serve.ts"]) {
      const answer = await fetch(`${url}${path}`);
      await answer.body?.cancel();
      assertEquals(answer.status, 404, path);
    }
  });
});

Deno.test("a page of another origin can neither look nor end the run", async () => {
  await withBoard(async (url, _, stops) => {
    const { host } = new URL(url);
    for (const headers of [{ origin: "http://evil.example" }, { host: "evil.example" }]) {
      const { hostname, port } = new URL(url);
      using connection = await Deno.connect({ hostname, port: Number(port) });
      const all = {
        host,
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        ...headers,
      };
      const text = `GET /channel HTTP/1.1\r\n${
        Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("")
      }\r\n`;
      await connection.write(new TextEncoder().encode(text));
      const answer = new Uint8Array(64);
      const length = await connection.read(answer);
      const status = new TextDecoder().decode(answer.subarray(0, length!)).split(" ")[1];
      assertEquals(status, "origin" in headers ? "403" : "421");
    }
    const { ask, close } = await opened(url);
    assertEquals((await ask({ do: "end", when: "now" })).ending, true);
    assertEquals(stops, []);
    await ask({ do: "end", when: "epoch" });
    await ask({ do: "end", when: "step" });
    assertEquals(stops, ["epoch", "step"]);
    await close();
  });
});
