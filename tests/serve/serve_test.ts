// serve: a network as a handler of requests, with limits, batches, and another device if one is lost.
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  classify,
  dense,
  flatten,
  init,
  key,
  lenet5,
  sequential,
  serve,
  type ServeOptions,
  type Service,
  start,
  tf,
} from "../../mod.ts";
import { encodePng, type Image } from "../../lib/image/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { gpuTest } from "../device/adapter.ts";

const preprocessing = {
  resize: 9,
  crop: 8,
  range: 1,
  mean: [0.5, 0.4, 0.3],
  std: [0.2, 0.3, 0.4],
} as const;

/** A network of seven classes. */
function sevenClasses() {
  const model = sequential({ flatten: flatten(), logits: dense({ features: 7 }) });
  return { ...init(model, key(3), [8, 8, 3]), preprocessing, classNames: [..."abcdefg"] };
}

/** A picture whose pixels PNG keeps as they are, of its own for each number. */
function picture(seed: number): Image {
  const pixels = Float32Array.from(
    { length: 20 * 15 * 3 },
    (_, i) => ((i + 1) * (seed + 3) * 7 % 256) / 255,
  );
  return { width: 20, height: 15, channels: 3, pixels };
}

const post = (body: BodyInit, headers: Record<string, string> = {}, path = "/"): Request =>
  new Request(`http://localhost${path}`, { method: "POST", body, headers });
const png = (seed = 0): Uint8Array<ArrayBuffer> =>
  encodePng(picture(seed)) as Uint8Array<ArrayBuffer>;
const json = (value: unknown): Request =>
  post(JSON.stringify(value), { "content-type": "application/json" });

type Answer = { classes: { index: number; name: string; probability: number }[] };

/** What a service counts under a name. */
async function counted(service: Service, name: string): Promise<number> {
  const text = await (await service(new Request("http://localhost/metrics"))).text();
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.split(" ")[1] ?? 0);
}

onEachBackend("the answers are classify's, alone and in batches, each its own", async () => {
  const network = sevenClasses();
  const service = serve(network, { batchSize: 4, maxWait: 20, top: 7 });
  const before = tf.memory().numTensors;
  const answers = await Promise.all(Array.from({ length: 11 }, async (_, i) => {
    const response = await service(post(png(i), { "content-type": "image/png" }));
    assertEquals(response.status, 200);
    return (await response.json() as Answer).classes;
  }));
  assertEquals(tf.memory().numTensors, before);
  assertEquals(await counted(service, "neocog_batch_size_sum"), 11);
  assertEquals(await counted(service, "neocog_batch_size_count"), 3);
  for (const [i, classes] of answers.entries()) {
    const expected = await classify(network, picture(i), { top: 7 });
    assertEquals(classes.map(({ name }) => name), expected.map(({ name }) => name));
    classes.forEach(({ probability }, at) =>
      assertAlmostEquals(probability, expected[at]!.probability, 1e-6)
    );
  }
});

onCpu("a picture is the same as a file, in a form, in base64, and as pixels", async () => {
  const service = serve(sevenClasses());
  const answer = async (request: Request): Promise<Answer> => {
    const response = await service(request);
    const body = await response.json();
    assertEquals(response.status, 200, JSON.stringify(body));
    return body;
  };
  const expected = await answer(post(png(), { "content-type": "image/png" }));
  assertEquals(expected.classes.length, 5);
  assertEquals(await answer(post(png())), expected);
  const form = new FormData();
  form.append("note", "first");
  form.append("file", new File([png()], "a.png"));
  assertEquals(await answer(post(form)), expected);
  const base64 = btoa(String.fromCharCode(...png()));
  assertEquals(await answer(json({ image: base64 })), expected);
  assertEquals(await answer(json({ image: `data:image/png;base64,${base64}` })), expected);
  const { width, height, pixels } = picture(0);
  const rows = Array.from(
    { length: height },
    (_, y) =>
      Array.from(
        { length: width },
        (_, x) => [...pixels.subarray((y * width + x) * 3, (y * width + x + 1) * 3)],
      ),
  );
  assertEquals(await answer(json({ pixels: rows })), expected);
  const top = await answer(post(png(), {}, "/?top=2"));
  assertEquals(top.classes, expected.classes.slice(0, 2));
});

onCpu("gray networks take pixels in two axes", async () => {
  const service = serve({ ...init(lenet5(), key(0), [28, 28, 1]) });
  const row = Array<number>(28).fill(0.5);
  const response = await service(json({ pixels: Array(28).fill(row) }));
  assertEquals((await response.json() as Answer).classes[0]!.name.slice(0, 6), "class ");
});

onCpu(
  "whatever is no picture, too large or at another address is refused, and nothing ends",
  async () => {
    const service = serve(sevenClasses(), { maxBytes: 2000, maxPixels: 400 });
    const expect = async (status: number, words: string, request: Request): Promise<Response> => {
      const response = await service(request);
      const { error } = await response.json() as { error: string };
      assertEquals(response.status, status, error);
      assert(error.includes(words), error);
      return response;
    };
    const wide = encodePng({ width: 401, height: 1, channels: 1, pixels: new Float32Array(401) });
    const at = (path: string, method = "GET"): Request =>
      new Request(`http://localhost${path}`, { method });
    await expect(400, "got text", post("no picture", { "content-type": "image/png" }));
    await expect(400, "got HTML", post("<!doctype html><html>", { "content-type": "image/png" }));
    await expect(400, "got nothing", at("/", "POST"));
    await expect(400, "PNG", post(png().slice(0, 200)));
    await expect(400, "JSON", post("{", { "content-type": "application/json" }));
    await expect(400, "got { a, b }", json({ a: 1, b: 2 }));
    await expect(400, "got another value", json(null));
    await expect(400, "base64", json({ image: "ä" }));
    await expect(400, "row 1 of another length", json({ pixels: [[0, 0], [0]] }));
    await expect(400, "2 channels", json({ pixels: [[[0, 0]]] }));
    await expect(400, "got 1.5 at 0, 1", json({ pixels: [[0, 1.5]] }));
    await expect(400, 'got "1" at 0, 0', json({ pixels: [["1"]] }));
    await expect(400, "rows of nothing", json({ pixels: [[]] }));
    await expect(400, "at least 8 pixels, got 1×1", json({ pixels: [[0]] }));
    await expect(400, "at least 8 pixels, got 2×9", json({ pixels: Array(9).fill([0, 1]) }));
    await expect(400, "must have a file", post(new FormData()));
    await expect(400, "top must be", post(png(), {}, "/?top=0"));
    await expect(415, "got text/html", post("x", { "content-type": "text/html" }));
    await expect(413, "at most 2000 bytes", post(new Uint8Array(2001)));
    await expect(413, "got 401×1", post(wide as Uint8Array<ArrayBuffer>));
    await expect(404, "/health", at("/etc/passwd"));
    await expect(404, "/health", at("/__proto__"));
    const { headers } = await expect(405, "takes POST, GET", at("/", "DELETE"));
    assertEquals(headers.get("allow"), "POST, GET");
    assertEquals((await service(post(png()))).status, 200);
    assertEquals(await counted(service, 'neocog_requests_total{status="413"}'), 2);
  },
);

/** A body that gives bytes only as they are asked for, and says how many. */
function endless(): { body: ReadableStream<Uint8Array>; given: () => number } {
  let given = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      given += 1024;
      controller.enqueue(new Uint8Array(1024));
    },
  });
  return { body, given: () => given };
}

onCpu(
  "a body that never ends is read up to the limit, one that never comes up to its time",
  async () => {
    const service = serve(sevenClasses(), { maxBytes: 5000, timeout: 100 });
    const { body, given } = endless();
    assertEquals((await service(post(body))).status, 413);
    assert(given() <= 8192, `${given()}`);
    const silent = new ReadableStream<Uint8Array>();
    const late = await service(post(silent));
    assertEquals(late.status, 408);
    await late.body?.cancel();
  },
);

onCpu("a full queue is answered by 429, and closing by 503, both with Retry-After", async () => {
  const service = serve(sevenClasses(), { batchSize: 1, queueSize: 2 });
  const responses = await Promise.all(
    Array.from({ length: 6 }, (_, i) => service(post(png(i)))),
  );
  const statuses = responses.map(({ status }) => status).sort();
  assert(statuses.includes(200) && statuses.includes(429), `${statuses}`);
  const full = responses.find(({ status }) => status === 429)!;
  assertEquals(full.headers.get("retry-after"), "1");
  const pending = service(post(png()));
  // Its body is read in later turns, so it waits when the service closes.
  await new Promise((resolve) => setTimeout(resolve, 5));
  await service.close();
  assertEquals((await pending).status, 200);
  const closed = await service(post(png()));
  assertEquals([closed.status, closed.headers.get("retry-after")], [503, "1"]);
  assertEquals((await service(new Request("http://localhost/health"))).status, 503);
});

onCpu("faults of the service itself are told to its log, not to the client", async () => {
  const network = sevenClasses();
  const bad = { ...network, params: { logits: {} } } as unknown as typeof network;
  const errors: unknown[] = [];
  const service = serve(bad, { onError: (error) => void errors.push(error) });
  const response = await service(post(png()));
  assertEquals(response.status, 500);
  assertEquals(await response.json(), {
    error: "Cannot classify: the service failed, which its log explains",
  });
  assertEquals(errors.length, 1);
});

gpuTest("a lost device is 503, and the next request is answered by another device", async () => {
  await start();
  const network = sevenClasses();
  const service = serve(network, { onError() {} });
  const expected = await (await service(post(png()))).json();
  (tf.backend() as unknown as { device: GPUDevice }).device.destroy();
  const failed = await service(post(png()));
  assertEquals([failed.status, failed.headers.get("retry-after")], [503, "1"]);
  await failed.body?.cancel();
  assertEquals((await service(new Request("http://localhost/health"))).status, 503);
  const again = await service(post(png()));
  assertEquals([again.status, await again.json()], [200, expected]);
  assertEquals((await service(new Request("http://localhost/health"))).status, 200);
  assertEquals(await counted(service, "neocog_device_losses_total"), 1);
});

onCpu("it says what it serves, and lets pages of an origin read it", async () => {
  const service = serve({ ...sevenClasses(), name: "seven" }, { allowOrigin: "https://a.example" });
  const response = await service(new Request("http://localhost/"));
  const { name, classes, inputShape } = await response.json();
  assertEquals([name, classes, inputShape], ["seven", 7, [8, 8, 3]]);
  assertEquals(response.headers.get("access-control-allow-origin"), "https://a.example");
  const preflight = await service(new Request("http://localhost/", { method: "OPTIONS" }));
  assertEquals([preflight.status, preflight.headers.get("allow")], [204, "POST, GET"]);
});

onCpu("what cannot be served is refused at once", () => {
  const network = sevenClasses();
  const refuse = (options: unknown, words: string): void => {
    assertThrows(() => serve(network, options as ServeOptions), Error, words);
  };
  refuse({ batchsize: 2 }, "batchSize");
  refuse({ batchSize: 0 }, "batchSize must be a whole number");
  refuse({ queueSize: 1.5 }, "queueSize");
  refuse({ maxWait: -1 }, "maxWait");
  refuse({ timeout: 0 }, "timeout");
  assertThrows(() => serve({ ...network, classNames: ["a"] }), TypeError, "7 classes, got 1");
  const image = init(sequential({}), key(0), [8, 8, 3]);
  assertThrows(() => serve(image), TypeError, "[N, classes]");
});
