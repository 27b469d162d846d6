// Files of weights by name: fetched once, checked each time, kept in a cache.
import { unknownName } from "../text/nearest.ts";
import { CACHED_FILE_OPTIONS, cachedFile, cacheName } from "../files/cached_file.ts";
import { cacheDirectory } from "../files/cache_directory.ts";
import type { DownloadOptions } from "../files/download.ts";
import { requireHash } from "../files/file_trust.ts";
import { requireSha256 } from "../files/sha256.ts";
import { type KnownWeights, knownWeights, type WeightsSource } from "./known_weights.ts";
import { importedEnding, isImported, requireImported } from "./imported_file.ts";
import { openTensors } from "./tensor_file.ts";
import { requireOptions } from "../text/require.ts";

/** Options of {@linkcode pretrained}. */
export type PretrainedOptions = DownloadOptions & {
  /** Where files are kept. Default: `NEOCOG_CACHE`, else `neocog` in the user's cache directory. */
  readonly cacheDir?: string;
  /** The SHA-256 that the file must have, in hexadecimal. Default: the known one. */
  readonly sha256?: string;
  /** Called before a download: not if the file is in the cache, or local. */
  readonly onFetch?: () => void;
};

/** The names of {@linkcode PretrainedOptions}. */
export const PRETRAINED_OPTIONS: Readonly<Record<keyof PretrainedOptions, true>> = {
  ...CACHED_FILE_OPTIONS,
  cacheDir: true,
  sha256: true,
};

/** A file of weights that is on the disk. */
export type PretrainedFile = {
  readonly path: string;
  /** The file's SHA-256; of a local file only if one was given. */
  readonly sha256?: string;
  /**
   * How far the file is known: `"checked"` against a known hash, `"trusted"` as the same file as at
   * the first download, which nothing could confirm, or `"local"`.
   */
  readonly trust: "checked" | "trusted" | "local";
  /** Its entry in {@linkcode knownWeights}, if it is one of them. */
  readonly known?: KnownWeights;
};

/**
 * The file of pretrained weights, downloaded if it is not in the cache: broken downloads are
 * continued. Its SHA-256 is compared at every call with the known one, or else with that of the
 * first download, which is kept beside the file.
 *
 * Needs `--allow-read` for a local file; for others also `--allow-write` for the cache,
 * `--allow-net` for the host if the file is not there yet, and `--allow-env` for the variables
 * that name the cache if `cacheDir` is not given.
 *
 * @param weights a name in {@linkcode knownWeights}, the path of a local file (with a slash, or
 * ending in `.safetensors`, `.pth`, `.onnx`, `.keras`, …), a URL, or a source
 * @param options cache, hash, progress, signal, retries
 * @returns the file's path, its hash and what is known of it
 * @throws {RangeError} if there is no such name, or the file has another size than is known
 * @throws {Deno.errors.NotFound} if there is no such file, here or on the server
 * @throws {SyntaxError} if the file is a web page, or of no known format
 * @throws {Error} if the file has another hash, the server refuses, or too many attempts failed
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { pretrained, serializeSafetensors } from "@neocog/neocog/weights";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * await Deno.writeFile(path, serializeSafetensors(new Map()));
 * assertEquals(await pretrained(path), { path, trust: "local" });
 * ```
 */
export async function pretrained(
  weights: string | WeightsSource,
  options: PretrainedOptions = {},
): Promise<PretrainedFile> {
  requireOptions("find weights", options, PRETRAINED_OPTIONS);
  const found = sourceOf(weights);
  const given = options.sha256 ?? (typeof found === "string" ? undefined : found.sha256);
  const sha256 = given === undefined ? undefined : requireSha256(given);
  if (typeof found === "string") return await localFile(found, sha256);
  const { url, bytes } = found;
  if (/\.json$/i.test(new URL(url).pathname)) {
    throw new RangeError(
      `Cannot fetch ${url}: a TensorFlow.js model has files beside it, so that its folder must be here, got a URL`,
    );
  }
  const ending = importedEnding(new URL(url).pathname) ?? ".safetensors";
  const name = cacheName(stemOf(url), url, ending);
  const path = `${options.cacheDir ?? cacheDirectory()}/weights/${name}`;
  const verify = (part: string): Promise<void> => requireTensors(part, url);
  const actual = await cachedFile(path, { url, bytes, sha256 }, verify, options);
  const known = typeof weights === "string" ? knownWeights[weights] : undefined;
  return {
    path,
    sha256: actual,
    trust: sha256 === undefined ? "trusted" : "checked",
    ...(known ? { known } : {}),
  };
}

/** The path of a local file, or the source of a download. */
function sourceOf(weights: string | WeightsSource): string | WeightsSource {
  if (typeof weights !== "string") return requireHttp(weights);
  if (Object.hasOwn(knownWeights, weights)) return knownWeights[weights]!;
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(weights)) return requireHttp({ url: weights });
  if (/[/\\]|\.(?:safetensors|pth|pt)$/i.test(weights) || isImported(weights)) return weights;
  throw new RangeError(
    `Cannot find weights: their name must be known, or a path or a URL be given: ${
      unknownName("weights", weights, Object.keys(knownWeights))
    }`,
  );
}

function requireHttp(source: WeightsSource): WeightsSource {
  if (URL.canParse(source.url) && /^https?:$/.test(new URL(source.url).protocol)) return source;
  throw new RangeError(
    `Cannot fetch weights: their URL must begin with https: or http:, got ${source.url}`,
  );
}

async function localFile(path: string, sha256: string | undefined): Promise<PretrainedFile> {
  if (sha256 !== undefined) {
    return { path, sha256: await requireHash(path, sha256, path), trust: "checked" };
  }
  // A file that has its model is read as a whole by whoever opens it.
  if (!isImported(path)) await (await openTensors(path))[Symbol.asyncDispose]();
  return { path, trust: "local" };
}

/** The file's own name. */
function stemOf(url: string): string {
  const { hostname, pathname } = new URL(url);
  const parts = [hostname, ...pathname.split("/")].filter((part) => part !== "");
  // Of `…/timm/resnet18.tv_in1k/resolve/main/model.safetensors` the repository says most.
  const repository = parts.find((_, i) => parts[i + 1] === "resolve");
  return repository ?? parts.at(-1)!.replace(/\.(safetensors|onnx|keras|h5|hdf5)$/, "");
}

async function requireTensors(path: string, url: string): Promise<void> {
  try {
    const { pathname } = new URL(url);
    if (isImported(pathname)) return await requireImported(path, pathname);
    await (await openTensors(path))[Symbol.asyncDispose]();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SyntaxError(
      `Cannot use ${url}: it must be a safetensors, PyTorch, ONNX or Keras file: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}
