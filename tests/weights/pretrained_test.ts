// Weights by name: whatever the server does, the file is there whole and right, or not at all.
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { findModel } from "../../mod.ts";
import {
  knownWeights,
  pretrained,
  type PretrainedFile,
  type PretrainedOptions,
  serializeSafetensors,
  torchLayouts,
  type WeightsSource,
} from "../../lib/weights/mod.ts";
import { cacheDirectory } from "../../lib/files/cache_directory.ts";
import { sha256OfFile } from "../../lib/files/sha256.ts";
import {
  type Answer,
  answerOf,
  type Asked,
  cutAfter,
  type FileServer,
  serveBy,
} from "../files/file_server.ts";
import { float32 } from "./fixtures.ts";

/** A file of 400 kB, each number another. */
const FILE = serializeSafetensors(
  new Map([["w", float32(Array.from({ length: 100_000 }, (_, i) => i), [100_000])]]),
);
const SHA256 = await sha256Of(FILE);
const OTHER = serializeSafetensors(new Map([["w", float32([1, 2], [2])]]));

async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Fetches into a cache of the test's own. */
type Fetch = (
  source?: Partial<WeightsSource>,
  options?: PretrainedOptions,
) => Promise<PretrainedFile>;

/** Runs a test with a server and an empty cache. */
async function withServer(
  answer: (asked: Asked, n: number) => Answer,
  run: (fetchFile: Fetch, server: FileServer, cache: string) => Promise<void>,
): Promise<void> {
  const cacheDir = await Deno.makeTempDir();
  try {
    await using server = serveBy(answer);
    const fetchFile: Fetch = (source, options) =>
      pretrained({ url: `${server.url}/models/net.safetensors`, ...source }, {
        cacheDir,
        retryDelay: 1,
        ...options,
      });
    await run(fetchFile, server, `${cacheDir}/weights`);
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
}

/** The kinds of files in the cache, but for locks. */
function kinds(cache: string): string[] {
  return [...Deno.readDirSync(cache)].map(({ name }) => name.replace(/^.*?\.safetensors/, ""))
    .filter((kind) => kind !== ".lock").sort();
}

const right = (asked: Asked): Answer => answerOf(FILE, asked);

Deno.test("a file is fetched once, with progress, and checked again from the cache", async () => {
  await withServer(right, async (fetchFile, server, cache) => {
    const steps: [number, number | undefined][] = [];
    const onProgress = (bytes: number, total?: number): void => void steps.push([bytes, total]);
    const found = await fetchFile({ sha256: SHA256.toUpperCase(), bytes: FILE.length }, {
      onProgress,
    });
    assertEquals(found, { path: found.path, sha256: SHA256, trust: "checked" });
    assertMatch(found.path, /\/weights\/net-[0-9a-f]{12}\.safetensors$/);
    assertEquals(await Deno.readFile(found.path), FILE);
    assertEquals(steps[0], [0, FILE.length]);
    assertEquals(steps.at(-1), [FILE.length, FILE.length]);
    assert(steps.every(([bytes], i) => i === 0 || bytes > steps[i - 1]![0]));
    assertEquals(await fetchFile({ sha256: SHA256 }), found);
    assertEquals(server.asked.length, 1);
    assertEquals(kinds(cache), [""]);
  });
});

Deno.test("an interrupted download continues where it was, however often", async () => {
  const cut = 70_000;
  await withServer((asked) => cutAfter(right(asked), cut), async (fetchFile, { asked }, cache) => {
    // Fewer retries than cuts: each attempt brought something.
    const found = await fetchFile({ sha256: SHA256 }, { retries: 1 });
    assertEquals(await Deno.readFile(found.path), FILE);
    const ranges = asked.map(({ headers }) => headers.get("range"));
    const starts = Array.from({ length: Math.ceil(FILE.length / cut) }, (_, i) => i * cut);
    assertEquals(ranges, starts.map((start) => start === 0 ? undefined : `bytes=${start}-`));
    assertEquals(
      asked.slice(1).map(({ headers }) => headers.get("if-range")),
      Array(5).fill('"1"'),
    );
    assertEquals(kinds(cache), [""]);
  });
});

Deno.test("another call continues where the last one gave up", async () => {
  const answer = (asked: Asked, n: number): Answer =>
    n === 0
      ? cutAfter(right(asked), 1000)
      : n < 4
      ? { ...right(asked), status: "503 Busy" }
      : right(asked);
  await withServer(answer, async (fetchFile, { asked }, cache) => {
    const error = await assertRejects(() => fetchFile({}, { retries: 2 }), Error);
    assertMatch(
      error.message,
      /the response 503 Service Unavailable, with 1000 bytes so far, after 3 attempts/,
    );
    assertEquals(kinds(cache), [".part", ".part.version"]);
    assertEquals(await Deno.readFile((await fetchFile()).path), FILE);
    assertEquals(asked.at(-1)!.headers.get("range"), "bytes=1000-");
    assertEquals(kinds(cache), ["", ".sha256"]);
  });
});

Deno.test("a file that changes on the server between two attempts is fetched from its start", async () => {
  const answer = (asked: Asked, n: number): Answer =>
    n === 0 ? cutAfter(answerOf(OTHER, asked, '"0"'), 40) : right(asked);
  await withServer(answer, async (fetchFile, { asked }) => {
    const { path } = await fetchFile();
    assertEquals(await Deno.readFile(path), FILE);
    assertEquals(asked[1]!.headers.get("if-range"), '"0"');
    assertEquals(asked.length, 2);
  });
});

Deno.test("without a version or a hash a partial download is not continued", async () => {
  const bare = (asked: Asked, n: number): Answer => {
    const { ETag: _, ...headers } = right(asked).headers;
    return cutAfter({ ...right(asked), headers }, n === 0 ? 1000 : FILE.length);
  };
  await withServer(bare, async (fetchFile, { asked }) => {
    assertEquals(await Deno.readFile((await fetchFile()).path), FILE);
    assertEquals(asked[1]!.headers.get("range"), undefined);
  });
  // The hash finds out a part of another file.
  await withServer(bare, async (fetchFile, { asked }) => {
    assertEquals(await Deno.readFile((await fetchFile({ sha256: SHA256 })).path), FILE);
    assertEquals(asked[1]!.headers.get("range"), "bytes=1000-");
    assertEquals(asked[1]!.headers.get("if-range"), undefined);
  });
});

Deno.test("a server that ignores ranges restarts the download, but not forever", async () => {
  const whole = (asked: Asked): Answer => right({ ...asked, headers: new Map() });
  const answer = (asked: Asked, n: number): Answer =>
    n < 2 ? cutAfter(whole(asked), 5000) : whole(asked);
  await withServer(answer, async (fetchFile, { asked }) => {
    assertEquals(await Deno.readFile((await fetchFile()).path), FILE);
    assertEquals(asked[1]!.headers.get("range"), "bytes=5000-");
    assertEquals(asked.length, 3);
  });
  await withServer((asked) => cutAfter(whole(asked), 5000), async (fetchFile, { asked }) => {
    await assertRejects(() => fetchFile({}, { retries: 3 }), Error, "after 4 attempts");
    assertEquals(asked.length, 5); // The first brought something.
  });
});

Deno.test("another range than requested restarts the download", async () => {
  const answer = (asked: Asked, n: number): Answer => {
    const whole = right(asked);
    if (n === 0) return cutAfter(whole, 5000);
    if (n > 1) return whole;
    return {
      ...whole,
      headers: { ...whole.headers, "Content-Range": `bytes 4000-4999/${FILE.length}` },
    };
  };
  await withServer(answer, async (fetchFile, { asked }) => {
    assertEquals(await Deno.readFile((await fetchFile()).path), FILE);
    assertEquals(asked.map(({ headers }) => headers.get("range")), [
      undefined,
      "bytes=5000-",
      undefined,
    ]);
  });
});

Deno.test("a file that was all there when the program ended is not fetched again", async () => {
  await withServer(right, async (fetchFile, { asked }) => {
    const { path } = await fetchFile();
    await Deno.rename(path, `${path}.part`);
    await Deno.writeTextFile(`${path}.part.version`, '"1"');
    assertEquals(await Deno.readFile((await fetchFile()).path), FILE);
    assertEquals(asked.length, 2); // The second answer was 416.
    await Deno.rename(path, `${path}.part`);
    await Deno.writeFile(`${path}.part`, new Uint8Array([1]), { append: true });
    await Deno.writeTextFile(`${path}.part.version`, '"1"');
    assertEquals(await Deno.readFile((await fetchFile()).path), FILE);
    assertEquals(asked.length, 4); // Longer than the server's: begun anew.
  });
});

Deno.test("404 and other refusals are errors at once, with nothing left", async () => {
  const answer = (_: Asked, n: number): Answer => ({
    status: ["404 Not Found", "403 Forbidden", "410 Gone"][n]!,
    headers: { "Content-Type": "text/html", "Content-Length": 4 },
    body: new TextEncoder().encode("none"),
  });
  await withServer(answer, async (fetchFile, { asked, url }, cache) => {
    const rule = `Cannot fetch ${url}/models/net.safetensors: the server must have it`;
    await assertRejects(fetchFile, Deno.errors.NotFound, `${rule}, got 404 Not Found`);
    await assertRejects(fetchFile, Error, `${rule}, got 403 Forbidden`);
    await assertRejects(fetchFile, Deno.errors.NotFound, "got 410");
    assertEquals(asked.length, 3);
    assertEquals(kinds(cache), []);
  });
});

Deno.test("a server that is not there is tried some times", async () => {
  await withServer(right, async (fetchFile, server, cache) => {
    await server[Symbol.asyncDispose]();
    await assertRejects(() => fetchFile({}, { retries: 2 }), Error, "after 3 attempts");
    assertEquals(kinds(cache), []);
  });
});

Deno.test("bytes of another hash are an error, and are not kept", async () => {
  const wrong = FILE.slice();
  wrong[FILE.length - 1]! ^= 1;
  const answer = (asked: Asked): Answer => answerOf(wrong, asked);
  await withServer(answer, async (fetchFile, { asked }, cache) => {
    const error = await assertRejects(() => fetchFile({ sha256: SHA256 }), Error);
    assertMatch(
      error.message,
      new RegExp(`SHA-256 must be ${SHA256}, got [0-9a-f]{64}`),
    );
    assertEquals(asked.length, 1);
    assertEquals(kinds(cache), []);
    await assertRejects(() => fetchFile({ sha256: "abc" }), RangeError, "64 hexadecimal digits");
  });
});

Deno.test("without a known hash that of the first time is kept, and a later change is an error", async () => {
  const answer = (asked: Asked, n: number): Answer => answerOf(n === 0 ? FILE : OTHER, asked);
  await withServer(answer, async (fetchFile, _, cache) => {
    const { path, ...first } = await fetchFile();
    assertEquals(first, { sha256: SHA256, trust: "trusted" });
    const line = await Deno.readTextFile(`${path}.sha256`);
    assertEquals(line, `${SHA256}  ${path.split("/").at(-1)}\n`);
    assertEquals(await fetchFile(), { path, ...first });
    // On the disk.
    await Deno.writeFile(path, OTHER);
    const error = await assertRejects(fetchFile, Error, "fetched anew): its SHA-256 must be");
    assert(error.message.includes(path));
    // On the server.
    await Deno.remove(path);
    await assertRejects(fetchFile, Error, `SHA-256 must be ${SHA256}`);
    assertEquals(kinds(cache), [".sha256"]);
    // Whoever says which file is meant is heard.
    const said = await fetchFile({}, { sha256: await sha256Of(OTHER) });
    assertEquals(said.trust, "checked");
  });
});

Deno.test("a cached file that was damaged is refused, and named", async () => {
  await withServer(right, async (fetchFile) => {
    const { path } = await fetchFile({ sha256: SHA256 });
    await Deno.truncate(path, 1000);
    await assertRejects(() => fetchFile({ sha256: SHA256 }), Error, path);
  });
});

Deno.test("a length that is not true is found out", async () => {
  const claiming = (length: number) => (asked: Asked): Answer => {
    const whole = right({ ...asked, headers: new Map() });
    return { ...whole, headers: { ...whole.headers, "Content-Length": length } };
  };
  // Longer than what comes: the connection ends too early, each time.
  await withServer(claiming(FILE.length + 10), async (fetchFile, _, cache) => {
    await assertRejects(() => fetchFile({}, { retries: 2 }), Error, `${FILE.length} bytes so far`);
    assert(!kinds(cache).includes(""));
  });
  // Shorter: what is read ends too early, which the file itself says.
  await withServer(claiming(FILE.length - 10), async (fetchFile, _, cache) => {
    await assertRejects(fetchFile, SyntaxError, "it is cut short");
    await assertRejects(() => fetchFile({ sha256: SHA256 }), Error, "SHA-256 must be");
    assertEquals(kinds(cache), []);
  });
  // Another than is known: not a byte is kept.
  await withServer(right, async (fetchFile, _, cache) => {
    const size = FILE.length + 1;
    await assertRejects(() => fetchFile({ bytes: size }), RangeError, `it must have ${size} bytes`);
    assertEquals(kinds(cache), []);
  });
});

Deno.test("a body without a length is taken to its end, and to no more than is known", async () => {
  const endless = (asked: Asked): Answer => {
    const { "Content-Length": _, ...headers } = right(asked).headers;
    return { ...right(asked), headers };
  };
  await withServer(endless, async (fetchFile, _, cache) => {
    const bytes = FILE.length - 100_000;
    await assertRejects(
      () => fetchFile({ bytes }),
      RangeError,
      `${bytes} bytes, got more`,
    );
    assertEquals(kinds(cache), []);
    const totals: unknown[] = [];
    const { path } = await fetchFile({}, { onProgress: (_, total) => totals.push(total) });
    assertEquals(await Deno.readFile(path), FILE);
    assertEquals(new Set(totals), new Set([undefined]));
  });
});

Deno.test("a web page in the place of the file is refused, whatever it calls itself", async () => {
  const page = new TextEncoder().encode("<!DOCTYPE html><title>Please log in</title>");
  const answer = (_: Asked, n: number): Answer => ({
    status: "200 OK",
    headers: {
      "Content-Type": n === 0 ? "text/html; charset=utf-8" : "application/octet-stream",
      "Content-Length": page.length,
    },
    body: page,
  });
  await withServer(answer, async (fetchFile, _, cache) => {
    await assertRejects(fetchFile, SyntaxError, "not a web page, got text/html");
    await assertRejects(
      fetchFile,
      SyntaxError,
      "must be a safetensors, PyTorch, ONNX or Keras file",
    );
    assertEquals(kinds(cache), []);
  });
});

Deno.test("a stalled connection is given up, and continued", async () => {
  const answer = (asked: Asked, n: number): Answer =>
    n === 0 ? { ...cutAfter(right(asked), 3000), hangs: true } : right(asked);
  await withServer(answer, async (fetchFile, { asked }) => {
    const { path } = await fetchFile({}, { stallTimeout: 200 });
    assertEquals(await Deno.readFile(path), FILE);
    assertEquals(asked[1]!.headers.get("range"), "bytes=3000-");
  });
});

Deno.test("an abort ends the fetching at once, and what came is kept for the next time", async () => {
  const answer = (asked: Asked, n: number): Answer =>
    n === 0 ? { ...cutAfter(right(asked), 3000), hangs: true } : right(asked);
  await withServer(answer, async (fetchFile, { asked }, cache) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const onProgress = (bytes: number): void => void (bytes === 3000 && controller.abort(reason));
    const { signal } = controller;
    assertEquals(await assertRejects(() => fetchFile({}, { signal, onProgress })), reason);
    assertEquals(await assertRejects(() => fetchFile({}, { signal })), reason);
    assertEquals(kinds(cache), [".part", ".part.version"]);
    assertEquals(await Deno.readFile((await fetchFile()).path), FILE);
    assertEquals(asked.map(({ headers }) => headers.get("range")), [undefined, "bytes=3000-"]);
  });
});

Deno.test("an abort ends the waiting between two attempts", async () => {
  const busy = (): Answer => ({ status: "503 Busy", headers: {}, body: new Uint8Array() });
  await withServer(busy, async (fetchFile) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 100);
    const options = { signal: controller.signal, retryDelay: 60_000 };
    await assertRejects(() => fetchFile({}, options), Error, "enough");
  });
});

Deno.test("two that want the same file at once fetch it once", async () => {
  await withServer(right, async (fetchFile, { asked }) => {
    const [a, b] = await Promise.all([fetchFile(), fetchFile()]);
    assertEquals(a, b);
    assertEquals(asked.length, 1);
  });
});

Deno.test("a redirect is followed", async () => {
  const answer = (asked: Asked): Answer =>
    asked.path === "/stored"
      ? right(asked)
      : { status: "302 Found", headers: { Location: "/stored" }, body: new Uint8Array() };
  await withServer(answer, async (fetchFile, { asked }) => {
    assertEquals(await Deno.readFile((await fetchFile()).path), FILE);
    assertEquals(asked.map(({ path }) => path), ["/models/net.safetensors", "/stored"]);
  });
});

Deno.test("a local path always works, and needs no cache", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  await Deno.writeFile(path, FILE);
  assertEquals(await pretrained(path), { path, trust: "local" });
  assertEquals(await pretrained(path, { sha256: SHA256 }), {
    path,
    sha256: SHA256,
    trust: "checked",
  });
  const other = "0".repeat(64);
  await assertRejects(() => pretrained(path, { sha256: other }), Error, `must be ${other}`);
  await Deno.writeFile(path, FILE.subarray(0, 1000));
  await assertRejects(() => pretrained(path), SyntaxError, "cut short");
  await Deno.remove(path);
  await assertRejects(() => pretrained(path), Deno.errors.NotFound, path);
  await assertRejects(() => pretrained("none.safetensors"), Deno.errors.NotFound);
});

Deno.test("a name that is not known is refused with the nearest", async () => {
  await assertRejects(() => pretrained("resnet17"), RangeError, 'did you mean "resnet18"');
  await assertRejects(() => pretrained({ url: "file:///etc/passwd" }), RangeError, "https:");
  await assertRejects(() => pretrained("ftp://a/b.safetensors"), RangeError, "got ftp://a/b.saf");
  await assertRejects(() => pretrained({ url: "net.safetensors" }), RangeError, "got net.saf");
});

Deno.test("what is known of weights fits the models, the layouts and the form of hashes", () => {
  for (const [name, known] of Object.entries(knownWeights)) {
    findModel(known.model);
    const layouts = torchLayouts[known.model]!.map((layout) => layout.name);
    assert(layouts.includes(known.layout), name);
    assertEquals(new URL(known.url).protocol, "https:");
    if (known.sha256 !== undefined) assertMatch(known.sha256, /^[0-9a-f]{64}$/);
    // A file that may change has no size that could be known.
    if (known.bytes !== undefined) assert(!known.url.includes("/main/"), name);
  }
});

Deno.test("the cache is where the environment or the system's convention says", () => {
  const place = (variables: Record<string, string>, os: typeof Deno.build.os = "linux"): string =>
    cacheDirectory((name) => variables[name], os);
  const all = { NEOCOG_CACHE: "/n", XDG_CACHE_HOME: "/x", HOME: "/home/a" };
  assertEquals(place(all), "/n");
  assertEquals(place({ ...all, NEOCOG_CACHE: "" }), "/x/neocog");
  assertEquals(place({ XDG_CACHE_HOME: "x", HOME: "/home/a" }), "/home/a/.cache/neocog");
  assertEquals(place({ HOME: "/Users/a" }, "darwin"), "/Users/a/Library/Caches/neocog");
  assertEquals(place({ LOCALAPPDATA: "C:\\L" }, "windows"), "C:\\L\\neocog\\cache");
  assertEquals(place({ USERPROFILE: "C:\\U" }, "windows"), "C:\\U/.cache/neocog");
  assertThrows(() => place({}), RangeError, "NEOCOG_CACHE");
});

Deno.test("the hash of a file is that of its bytes", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeFile(path, FILE);
  assertEquals(await sha256OfFile(path), SHA256);
  await Deno.remove(path);
  await assertRejects(() => sha256OfFile(path), Deno.errors.NotFound, path);
});

/** What a program prints that calls `pretrained` with these permissions. */
async function runWith(permissions: readonly string[], call: string): Promise<string> {
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  const module = new URL("../../lib/weights/pretrained.ts", import.meta.url).href;
  const code = `import { pretrained } from "${module}"; console.log(await pretrained(${call}));`;
  await Deno.writeTextFile(script, code);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", ...permissions, script],
    env: { NO_COLOR: "1" },
  }).output();
  await Deno.remove(script);
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("only needed permissions are requested: files alone if nothing is to be downloaded", async () => {
  await withServer(right, async (fetchFile, { url }, cache) => {
    const { path } = await fetchFile({ sha256: SHA256 });
    assertMatch(await runWith([], JSON.stringify(path)), /trust: "local"/);
    const cacheDir = cache.replace(/\/weights$/, "");
    const options = JSON.stringify({ cacheDir, sha256: SHA256 });
    const source = JSON.stringify(`${url}/models/net.safetensors`);
    assertMatch(await runWith([], `${source}, ${options}`), /trust: "checked"/);
    const other = JSON.stringify(`${url}/other.safetensors`);
    const text = await runWith([`--allow-write=${cacheDir}`], `${other}, ${options}`);
    assertMatch(text, /NotCapable: Requires net access to "127.0.0.1:/);
    assertMatch(await runWith([], other), /NotCapable: Requires env access to "NEOCOG_CACHE"/);
  });
});
