// A server of one file on 127.0.0.1 that can do what servers do wrong. It speaks HTTP/1.1 by hand, as
// Deno.serve keeps to the rules.

/** A request that came. */
export type Asked = { readonly path: string; readonly headers: ReadonlyMap<string, string> };

/** An answer, which need not be true. */
export type Answer = {
  readonly status: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array;
  /** Whether the connection stays open, without a byte, after the body. */
  readonly hangs?: boolean;
};

/** A running server. */
export type FileServer = AsyncDisposable & {
  /** Its address, without a slash at the end. */
  readonly url: string;
  /** The requests so far. */
  readonly asked: Asked[];
};

/** Starts a server whose n-th request, from 0, is answered by `answer`. */
export function serveBy(answer: (asked: Asked, n: number) => Answer): FileServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const asked: Asked[] = [];
  const open = new Set<Deno.Conn>();
  const serve = async (): Promise<void> => {
    const running: Promise<void>[] = [];
    for await (const connection of listener) {
      open.add(connection);
      running.push(
        handle(connection, (request) => {
          asked.push(request);
          return answer(request, asked.length - 1);
        }).finally(() => open.delete(connection)),
      );
    }
    await Promise.all(running);
  };
  const done = serve();
  let isOpen = true;
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      if (isOpen) listener.close();
      isOpen = false;
      for (const connection of open) connection.close();
      await done;
    },
  };
}

async function handle(connection: Deno.Conn, answer: (asked: Asked) => Answer): Promise<void> {
  try {
    const { status, headers, body, hangs } = answer(await readRequest(connection));
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const head = `HTTP/1.1 ${status}\r\nConnection: close\r\n${lines}\r\n`;
    await writeAll(connection, new TextEncoder().encode(head));
    await writeAll(connection, body);
    if (hangs) await connection.read(new Uint8Array(1));
  } catch {
    // The client has gone, which is its right.
  }
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}

async function readRequest(connection: Deno.Conn): Promise<Asked> {
  let text = "";
  const buffer = new Uint8Array(4096);
  while (!text.includes("\r\n\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error("no request");
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  const [first, ...lines] = text.split("\r\n");
  const headers = lines.filter((line) => line !== "").map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { path: first!.split(" ")[1]!, headers: new Map(headers) };
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await connection.write(bytes.subarray(done));
  }
}

/** The right answer: the file, or the part that is asked for of this version. */
export function answerOf(file: Uint8Array, { headers }: Asked, etag = '"1"'): Answer {
  const range = /^bytes=(\d+)-$/.exec(headers.get("range") ?? "");
  const version = headers.get("if-range");
  const common = { "ETag": etag, "Content-Type": "application/octet-stream" };
  if (!range || (version !== undefined && version !== etag)) {
    return { status: "200 OK", headers: { ...common, "Content-Length": file.length }, body: file };
  }
  const start = Number(range[1]);
  if (start >= file.length) {
    const all = { ...common, "Content-Range": `bytes */${file.length}`, "Content-Length": 0 };
    return { status: "416 Range Not Satisfiable", headers: all, body: new Uint8Array() };
  }
  const body = file.subarray(start);
  const contentRange = `bytes ${start}-${file.length - 1}/${file.length}`;
  return {
    status: "206 Partial Content",
    headers: { ...common, "Content-Range": contentRange, "Content-Length": body.length },
    body,
  };
}

/** The answer, cut after so many bytes of its body. */
export function cutAfter(answer: Answer, length: number): Answer {
  return { ...answer, body: answer.body.subarray(0, length) };
}
