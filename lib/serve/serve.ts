// A network as a handler of requests: pictures come in, classes go out.
import { DeviceError } from "../device/errors.ts";
import type { StartOptions } from "../device/start.ts";
import type { Image } from "../image/image.ts";
import { inputShapeOf, preprocess } from "../image/preprocess.ts";
import type { Network } from "../layers/layer.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import {
  requireClassScores,
  requireNetwork,
  requireOptions,
  requirePositive,
  requireRange,
  requireWhole,
} from "../text/require.ts";
import {
  type Classification,
  type Classifier,
  faultOfSize,
  preprocessingFor,
  rankClasses,
  requireFinite,
} from "../train/classify.ts";
import { batcher } from "./batcher.ts";
import { serviceMetrics } from "./metrics.ts";
import { readBody } from "./read_body.ts";
import { pictureIn } from "./read_picture.ts";
import { Refusal, refuseForNow } from "./refusal.ts";
import { makeScorer } from "./scorer.ts";

/** Options of {@linkcode serve}. */
export type ServeOptions = {
  /** The most pictures that are computed together, from 1. Default: 16. */
  readonly batchSize?: number;
  /** Milliseconds that a picture waits for others to be computed with, from 0. Default: 2. */
  readonly maxWait?: number;
  /** The most pictures that wait, from 1; more are answered by 429. Default: 256. */
  readonly queueSize?: number;
  /** The most bytes of a request, from 1; more are answered by 413. Default: 10 MiB. */
  readonly maxBytes?: number;
  /** The most pixels of a picture, from 1; more are answered by 413. Default: 2^24. */
  readonly maxPixels?: number;
  /**
   * Milliseconds, above 0: a body that is not whole by then is answered by 408, a picture whose turn
   * has not come by 503. Default: 10,000.
   */
  readonly timeout?: number;
  /** How many classes are returned if a request does not say it, from 1. Default: 5. */
  readonly top?: number;
  /** Changes a picture before it is prepared as `network.preprocessing` says. */
  readonly prepare?: (image: Image) => Image;
  /** The origin whose pages may read the answers, `"https://example.org"` or `"*"`. Default: none. */
  readonly allowOrigin?: string;
  /** How another device is started if this one is lost. Default: as {@linkcode start} does. */
  readonly device?: StartOptions;
  /** Is told of errors that are no fault of the request. Default: they are printed on stderr. */
  readonly onError?: (error: unknown) => void;
};

const OPTIONS: Readonly<Record<keyof ServeOptions, true>> = {
  batchSize: true,
  maxWait: true,
  queueSize: true,
  maxBytes: true,
  maxPixels: true,
  timeout: true,
  top: true,
  prepare: true,
  allowOrigin: true,
  device: true,
  onError: true,
};

/** A network as a handler of requests, as `Deno.serve` takes it. */
export type Service = {
  /** Answers a request. */
  (request: Request): Promise<Response>;
  /** Refuses further pictures by 503, and ends once those that wait are answered. */
  close(): Promise<void>;
};

/**
 * A network as a handler of requests, for `Deno.serve`. Pictures that come together are computed in
 * one batch.
 *
 * - `POST /`: a PNG or JPEG file as the body or in a form (`multipart/form-data`), or JSON: `{
 *   "image": base64 of a file }` or `{ "pixels": [H][W] or [H][W][C] from 0 to 1 }`. The answer is
 *   `{ "classes": [{ "index", "name", "probability" }, …] }`, the most probable first; `?top=3` says
 *   how many.
 * - `GET /`: what is served, and the limits.
 * - `GET /health`: 200, or 503 while there is no device or the service is closing.
 * - `GET /metrics`: counters for Prometheus.
 *
 * What is refused is answered by `{ "error": … }`: 400 for what is no picture, or too small a one to
 * see anything in it, 404, 405, 408 if the body comes too slowly, 413 if it or the picture is too
 * large, 415 for other types, 429 if too many wait, 503 if a turn does not come in time or the device
 * is lost. With 429 and 503 goes `Retry-After`. A lost device is replaced at the next request: a copy
 * of the network's numbers is kept on the host.
 *
 * @param network a classifier, as {@linkcode open}, {@linkcode init} or {@linkcode fit} returned
 * @param options batches, limits, and what is done with pictures and errors
 * @returns the handler
 * @throws {TypeError} if the network does not output scores of classes, there is not a name for each,
 * how pictures are prepared is unknown, or an option is unknown
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { flatten, init, key, serve, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * // Its scores are the pixels themselves.
 * const network = { ...init(flatten(), key(0), [1, 2, 1]), classNames: ["left", "right"] };
 * const service = serve(network); // Deno.serve({ port: 8000 }, service)
 * const response = await service(
 *   new Request("http://localhost/?top=1", {
 *     method: "POST",
 *     headers: { "content-type": "application/json" },
 *     body: JSON.stringify({ pixels: [[0, 1]] }),
 *   }),
 * );
 * const { classes } = await response.json();
 * assertEquals([classes.length, classes[0].name], [1, "right"]);
 * ```
 */
export function serve<P extends Tree, S extends Tree>(
  network: Classifier<P, S> & { readonly name?: string },
  options: ServeOptions = {},
): Service {
  requireOptions("serve", options, OPTIONS);
  requireNetwork("serve", network);
  const { batchSize, maxWait, queueSize, maxBytes, maxPixels, timeout, top } = checked(options);
  const { prepare, allowOrigin, device = {}, onError = console.error } = options;
  const how = preprocessingFor(network);
  const inputShape = inputShapeOf(how);
  const classes = requireNames(network, inputShape);

  const metrics = serviceMetrics();
  const scorer = makeScorer(network as unknown as Network<Tree, Tree>, {
    inputShape,
    batchSize,
    device,
    onLost: () => metrics.lost(),
  });
  const queue = batcher(async (inputs: readonly Float32Array[]) => {
    const scores = await scorer.score(inputs);
    metrics.computed(inputs.length);
    return scores;
  }, { batchSize, maxWait, queueSize, timeout });
  let isClosing = false;

  const classify = async (request: Request, url: URL): Promise<readonly Classification[]> => {
    if (isClosing) throw refuseForNow(503, "Cannot classify now: the service is closing");
    const wanted = topOf(url, top);
    const bytes = await readBody(request, { maxBytes, timeout });
    const type = request.headers.get("content-type") ?? "";
    const image = await pictureIn(bytes, type, maxPixels);
    const fault = faultOfSize(image, how);
    if (fault) throw new Refusal(400, `Cannot classify the picture: ${fault}`);
    const scores = await queue.add(preprocess(prepare ? prepare(image) : image, how));
    requireFinite(scores);
    return rankClasses(scores, network.classNames, wanted)
      .map(({ index, name, probability }) => ({ index, name, probability }));
  };
  const predicted = async (request: Request, url: URL): Promise<Response> => {
    const from = performance.now();
    const response = await classify(request, url).then(
      (classes) => Response.json({ classes }),
      (error) => {
        if (!(error instanceof Refusal)) onError(error);
        return refused(refusalOf(error));
      },
    );
    metrics.answered(response.status, (performance.now() - from) / 1000);
    return response;
  };
  const health = (): Response => {
    const isUp = !isClosing && !scorer.isLost;
    const status = isUp ? "ok" : isClosing ? "closing" : "the device was lost";
    const headers = isUp ? {} : refuseForNow(503, status).headers;
    return Response.json({ status, waiting: queue.waiting }, { status: isUp ? 200 : 503, headers });
  };
  const about = (): Response => {
    const { name } = network;
    return Response.json({
      ...(name === undefined ? {} : { name }),
      classes,
      inputShape,
      limits: { batchSize, maxWait, queueSize, maxBytes, maxPixels, timeout },
      usage: "POST a PNG or JPEG file to /, or JSON with image (base64) or pixels",
    });
  };
  const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
    "/": { POST: predicted, GET: about },
    "/health": { GET: health },
    "/metrics": {
      GET: () =>
        new Response(metrics.text(queue.waiting), {
          headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
        }),
    },
  };
  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    const methods = Object.hasOwn(routes, url.pathname) ? routes[url.pathname]! : undefined;
    if (!methods) {
      await request.body?.cancel();
      return refused(new Refusal(404, `There is only ${Object.keys(routes).join(", ")}`));
    }
    const allow = Object.keys(methods).join(", ");
    if (request.method === "OPTIONS") {
      return new Response(null, { status: 204, headers: { allow } });
    }
    const method = request.method === "HEAD" ? "GET" : request.method;
    const route = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (route) return await route(request, url);
    await request.body?.cancel();
    return refused(new Refusal(405, `${url.pathname} takes ${allow}`, { allow }));
  };
  const service = async (request: Request): Promise<Response> => {
    const response = await answer(request);
    response.headers.set("x-content-type-options", "nosniff");
    if (allowOrigin !== undefined) {
      response.headers.set("access-control-allow-origin", allowOrigin);
      response.headers.set("access-control-allow-headers", "content-type");
    }
    return response;
  };
  return Object.assign(service, {
    async close(): Promise<void> {
      isClosing = true;
      await queue.idle();
    },
  });
}

/** What answers a path's method. */
type Route = (request: Request, url: URL) => Response | Promise<Response>;

/** The numbers among the options. */
type Limits = Required<
  Pick<
    ServeOptions,
    "batchSize" | "maxWait" | "queueSize" | "maxBytes" | "maxPixels" | "timeout" | "top"
  >
>;

/** The numbers among the options, with their defaults. */
function checked(options: ServeOptions): Limits {
  const { batchSize = 16, maxWait = 2, queueSize = 256, top = 5 } = options;
  const { maxBytes = 10 * 2 ** 20, maxPixels = 2 ** 24, timeout = 10_000 } = options;
  for (const [name, value] of Object.entries({ batchSize, queueSize, maxBytes, maxPixels, top })) {
    requireWhole("serve", name, value);
  }
  requirePositive("serve", "timeout", timeout);
  const holds = Number.isFinite(maxWait) && maxWait >= 0;
  requireRange("serve", "maxWait must be a finite number from 0", holds, maxWait);
  return { batchSize, maxWait, queueSize, maxBytes, maxPixels, timeout, top };
}

/** How many classes the network has, if there is a name for each. */
function requireNames({ model, classNames }: Classifier, inputShape: Shape): number {
  const shape = model.declare(inputShape).shape as Shape;
  requireClassScores("serve", ["N", ...shape]);
  const [classes] = shape as [number];
  if (classNames && classNames.length !== classes) {
    throw new TypeError(
      `Cannot serve: there must be a name for each of the ${classes} classes, got ${classNames.length}`,
    );
  }
  return classes;
}

/** How many classes a request asks for. */
function topOf(url: URL, standard: number): number {
  const text = url.searchParams.get("top");
  if (text === null) return standard;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new Refusal(400, `Cannot classify: top must be a whole number of at least 1, got ${text}`);
}

/** The answer's status and words for what went wrong. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof DeviceError) {
    const what = error.kind === "lost" ? "the device was lost" : "the device failed";
    return refuseForNow(503, `Cannot classify now: ${what}`);
  }
  return new Refusal(500, "Cannot classify: the service failed, which its log explains");
}

function refused({ status, message, headers }: Refusal): Response {
  return Response.json({ error: message }, { status, headers });
}
