// Tests of cifar10's download: whatever the server does, the data are whole and right, or refused.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { cifar10, type Cifar10Options } from "../../lib/data/sources/cifar10.ts";
import { CIFAR10_ARCHIVE } from "../../lib/data/sources/cifar10_files.ts";
import type { DataSplit } from "../../lib/data/image_source.ts";
import { sha256OfFile } from "../../lib/files/sha256.ts";
import {
  type Answer,
  answerOf,
  type Asked,
  cutAfter,
  type FileServer,
  serveBy,
} from "../files/file_server.ts";
import { tar } from "../files/tar_fixture.ts";
import { gzipped } from "./idx_files.ts";

/** Two records of these labels, in noise that does not shrink. */
function records(...labels: number[]): Uint8Array {
  const bytes = new Uint8Array(labels.length * 3073);
  let state = 1 + labels[0]!;
  bytes.forEach((_, i) => bytes[i] = (state = state * 48271 % 0x7fffffff) & 255);
  labels.forEach((label, i) => bytes[i * 3073] = label);
  return bytes;
}

const NAMES = "airplane automobile bird cat deer dog frog horse ship truck".replaceAll(" ", "\n");
const FILES: readonly (readonly [string, Uint8Array])[] = [
  ["cifar-10-batches-bin/", new Uint8Array()],
  ...[4, 1, 3, 2, 5].map((n) =>
    [`cifar-10-batches-bin/data_batch_${n}.bin`, records(n, 9 - n)] as const
  ),
  ["cifar-10-batches-bin/batches.meta.txt", new TextEncoder().encode(NAMES)],
  ["cifar-10-batches-bin/readme.html", new TextEncoder().encode("<html>")],
  ["cifar-10-batches-bin/test_batch.bin", records(7, 8, 9)],
];
const ARCHIVE = await gzipped(tar(FILES).slice());
const SHA256 = new Uint8Array(await crypto.subtle.digest("SHA-256", ARCHIVE)).toHex();
const OTHER = await gzipped(tar([...FILES, ["more", records(1)]]).slice());

/** Fetches into a cache of the test's own. */
type Fetch = (options?: Cifar10Options) => Promise<DataSplit>;

async function withServer(
  answer: (asked: Asked, n: number) => Answer,
  run: (fetchData: Fetch, server: FileServer, cache: string) => Promise<void>,
): Promise<void> {
  const cacheDir = await Deno.makeTempDir();
  try {
    await using server = serveBy(answer);
    const url = `${server.url}/cifar-10-binary.tar.gz`;
    const fetchData: Fetch = (options) =>
      cifar10({ download: true, url, cacheDir, retryDelay: 1, ...options });
    await run(fetchData, server, `${cacheDir}/data`);
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
}

function assertWhole({ train, test }: DataSplit): void {
  assertEquals([...train.labels], [1, 8, 2, 7, 3, 6, 4, 5, 5, 4]);
  assertEquals([...test.labels], [7, 8, 9]);
  assertEquals(test.images.length, 3 * 3072);
  assertEquals(train.classNames[3], "cat");
  const [first] = [records(1, 8)];
  assertEquals([...train.images.subarray(0, 3)], [first![1], first![1025], first![2049]]);
}

/** What is in the cache, but for locks. */
function kinds(cache: string): string[] {
  return [...Deno.readDirSync(cache)].map(({ name }) => name.replace(/^.*?\.tar\.gz/, ""))
    .filter((kind) => kind !== ".lock").sort();
}

const right = (asked: Asked): Answer => answerOf(ARCHIVE, asked);

Deno.test("the archive is fetched once, with progress, and read from the cache after", async () => {
  await withServer(right, async (fetchData, server, cache) => {
    const steps: [number, number | undefined][] = [];
    const onProgress = (bytes: number, total?: number): void => void steps.push([bytes, total]);
    assertWhole(await fetchData({ onProgress, sha256: SHA256.toUpperCase() }));
    assertEquals(steps.at(-1), [ARCHIVE.length, ARCHIVE.length]);
    let asked = 0;
    assertWhole(await fetchData({ sha256: SHA256, onFetch: () => asked++ }));
    assertEquals([server.asked.length, asked], [1, 0]);
    assertEquals(kinds(cache), [""]);
  });
});

Deno.test("a download that is cut resumes where it was", async () => {
  const cut = 1 + (ARCHIVE.length >> 2);
  const answer = (asked: Asked): Answer => cutAfter(right(asked), cut);
  await withServer(answer, async (fetchData, { asked }, cache) => {
    assertWhole(await fetchData({ retries: 1 }));
    const ranges = asked.map(({ headers }) => headers.get("range"));
    assertEquals(ranges, [undefined, `bytes=${cut}-`, `bytes=${2 * cut}-`, `bytes=${3 * cut}-`]);
    assertEquals(kinds(cache), ["", ".sha256"]);
  });
});

Deno.test("a server that has no such file, or a web page in its place, is an error", async () => {
  const answers: [Partial<Answer>, new (message: string) => Error, string][] = [
    [{ status: "404 Not Found" }, Deno.errors.NotFound, "404 Not Found"],
    [{ headers: { "Content-Type": "text/html" } }, SyntaxError, "not a web page"],
    [{ status: "403 Forbidden" }, Error, "403 Forbidden"],
  ];
  for (const [change, ErrorClass, message] of answers) {
    await withServer((asked) => ({ ...right(asked), ...change }), async (fetchData, _, cache) => {
      await assertRejects(() => fetchData(), ErrorClass, message);
      assertEquals(kinds(cache), []);
    });
  }
});

Deno.test("an archive of another hash is an error, and is not kept", async () => {
  await withServer((asked) => answerOf(OTHER, asked), async (fetchData, { asked }, cache) => {
    await assertRejects(() => fetchData({ sha256: SHA256 }), Error, `must be ${SHA256}`);
    await assertRejects(() => fetchData({ sha256: SHA256 }), Error, `must be ${SHA256}`);
    assertEquals([asked.length, kinds(cache)], [2, []]);
  });
});

Deno.test("without a known hash that of the first time is kept, and another is an error", async () => {
  const answer = (asked: Asked, n: number): Answer => answerOf(n === 0 ? ARCHIVE : OTHER, asked);
  await withServer(answer, async (fetchData, _, cache) => {
    assertWhole(await fetchData());
    const archive = [...Deno.readDirSync(cache)].find(({ name }) => name.endsWith(".gz"))!.name;
    assertMatch(archive, /^cifar10-[0-9a-f]{12}\.tar\.gz$/);
    assertEquals(await sha256OfFile(`${cache}/${archive}`), SHA256);
    await Deno.remove(`${cache}/${archive}`);
    await assertRejects(() => fetchData(), Error, `must be ${SHA256}`);
  });
});

Deno.test("an archive that is damaged in the cache is refused, and named", async () => {
  await withServer(right, async (fetchData, _, cache) => {
    await fetchData();
    const archive = [...Deno.readDirSync(cache)].find(({ name }) => name.endsWith(".gz"))!.name;
    const bytes = ARCHIVE.slice();
    bytes[bytes.length >> 1]! ^= 1;
    await Deno.writeFile(`${cache}/${archive}`, bytes);
    await assertRejects(() => fetchData(), Error, archive);
  });
});

Deno.test("a file that is not an archive of CIFAR-10 is refused, not kept, and not trusted later", async () => {
  const text = new TextEncoder().encode("no archive");
  const lacking = await gzipped(tar(FILES.filter(([path]) => !path.includes("test"))).slice());
  const lies: [Uint8Array, string][] = [
    [text, "must be a whole .tar.gz"],
    [ARCHIVE.subarray(0, 5000), "must be a whole .tar.gz"],
    [lacking, "got none named test_batch.bin"],
  ];
  for (const [bytes, message] of lies) {
    const answer = (asked: Asked, n: number): Answer => answerOf(n === 0 ? bytes : ARCHIVE, asked);
    await withServer(answer, async (fetchData, { url }, cache) => {
      const error = await assertRejects(() => fetchData(), SyntaxError, message);
      assert((error as Error).message.includes(url));
      assertEquals(kinds(cache), []);
      assertWhole(await fetchData());
    });
  }
});

Deno.test("an archive of sound form whose records are not whole is refused", async () => {
  const bad = FILES.map(([path, bytes]) =>
    [path, path.includes("batch_2") ? bytes.subarray(0, 4000) : bytes] as const
  );
  const archive = await gzipped(tar(bad).slice());
  await withServer((asked) => answerOf(archive, asked), async (fetchData) => {
    await assertRejects(() => fetchData(), SyntaxError, "data_batch_2.bin");
  });
});

Deno.test("an abort ends the download, and the next one resumes it", async () => {
  const ending = new AbortController();
  const answer = (asked: Asked, n: number): Answer =>
    n === 0 ? { ...cutAfter(right(asked), 9000), hangs: true } : right(asked);
  await withServer(answer, async (fetchData, { asked }) => {
    const onProgress = (bytes: number): void => {
      if (bytes >= 9000) ending.abort(new Error("enough"));
    };
    const options = { onProgress, signal: ending.signal };
    await assertRejects(() => fetchData(options), Error, "enough");
    assertWhole(await fetchData());
    assertEquals(asked[1]!.headers.get("range"), "bytes=9000-");
  });
});

Deno.test("a URL that is none, a hash that is none, and both sources at once are refused", async () => {
  const fetchOf = (options: Cifar10Options): () => Promise<DataSplit> => () =>
    cifar10({ download: true, cacheDir: "/nowhere", ...options });
  await assertRejects(fetchOf({ url: "file:///etc/passwd" }), RangeError, "https: or http:");
  await assertRejects(fetchOf({ url: "cifar" }), RangeError, "got cifar");
  await assertRejects(fetchOf({ sha256: "c32a1d4" }), RangeError, "64 hexadecimal digits");
  await assertRejects(fetchOf({ dataDir: "/data" }), RangeError, "got both, with /data");
  assertMatch(CIFAR10_ARCHIVE.sha256, /^[0-9a-f]{64}$/);
});
