// The space of features: a map of a data set, and what is near to what.
import {
  type Features,
  features,
  labelAgreement,
  nearestNeighbors,
  pixelFeatures,
  principalComponents,
  umap,
} from "../../../lib/explain/mod.ts";
import { exampleImage } from "../../../lib/data/example_image.ts";
import { resize } from "../../../lib/image/mod.ts";
import { requireLayer } from "../../../lib/layers/layers_of.ts";
import { key, sizeOf } from "../../../mod.ts";
import { featureLayer } from "../../pictures/examples.ts";
import { commandLine } from "../commands.ts";
import type { Job } from "../../web/jobs.ts";
import type { Params } from "../params.ts";
import { type Sample, sampleOf } from "../sample.ts";
import type { Subject } from "../subject.ts";
import type { View } from "../view.ts";
import { sentNumbers, sentPicture, toBytes } from "./pixels.ts";

/** Which features, of which images. */
type Space = {
  readonly layer: string;
  readonly places: "mean" | "each";
  readonly sample: Sample;
  readonly own: Features;
};

/** The most numbers of features that are kept: 256 MiB of them. */
const MOST_NUMBERS = 2 ** 26;

async function spaceIn(subject: Subject, params: Params, job: Job): Promise<Space> {
  const { opened, network, found } = subject;
  const layer = params.text("layer") ?? featureLayer(opened);
  const places = params.choice("places", ["mean", "each"]);
  const sample = sampleOf(subject);
  const { shape } = requireLayer(opened.model, opened.inputShape, layer);
  const numbers = sizeOf(shape) * sample.indices.length;
  if (places === "each" && numbers > MOST_NUMBERS) {
    throw new Error(
      `Cannot take ${layer} place by place: there must be at most ${MOST_NUMBERS} numbers, got ${numbers}; averaged maps are fewer`,
    );
  }
  const own = await found.get(
    `features of ${layer}, ${places}`,
    () =>
      features(network, sample.examples, layer, {
        normalize: sample.normalize,
        places,
        signal: job.signal,
        onProgress: (done, total) => job.progress(done, total, `features of ${layer}`),
      }),
  );
  return { layer, places, sample, own };
}

/** The longer side of a point's picture. */
const THUMBNAIL = 32;
/** Neighbors by which maps are judged, and those that UMAP keeps together. */
const JUDGED = 10;
const NEIGHBORS = 15;

/** The pictures of all images, small, one after the other. */
function thumbnails({ examples }: Sample): { shape: number[]; values: Uint8Array } {
  const [height, width, channels] = examples.imageShape as [number, number, number];
  const share = Math.min(1, THUMBNAIL / Math.max(height, width));
  const [h, w] = [Math.max(1, Math.round(height * share)), Math.max(1, Math.round(width * share))];
  const count = examples.labels.length;
  const shape = [count, h, w, channels];
  if (share === 1) return { shape, values: examples.images.slice(0, count * h * w * channels) };
  const values = new Uint8Array(count * h * w * channels);
  for (let i = 0; i < count; i++) {
    values.set(toBytes(resize(exampleImage(examples, i), w, h).pixels), i * h * w * channels);
  }
  return { shape, values };
}

/** A map of the data set's features. */
export const space: View = {
  lane: "long",
  async run(subject, params, job) {
    const method = params.choice("method", ["pca", "umap"]);
    const { layer, places, sample, own } = await spaceIn(subject, params, job);
    const { labels, classNames } = sample.examples;
    if (labels.length <= NEIGHBORS) {
      throw new Error(
        `Cannot make a map: there must be more than ${NEIGHBORS} images, got ${labels.length}`,
      );
    }
    const made = await subject.found.get(`map of ${layer}, ${places}, ${method}`, async () => {
      if (method === "pca") {
        const { positions, shares } = principalComponents(own, { key: key(0) });
        return { positions, shares };
      }
      const positions = await umap(own, {
        neighbors: NEIGHBORS,
        key: key(0),
        signal: job.signal,
        onProgress: (done, total) => job.progress(done, total, "UMAP"),
      });
      return { positions, shares: null };
    });
    const agreement = await subject.found.get(
      `agreement of ${layer}, ${places}, ${method}`,
      () => Promise.resolve(labelAgreement(made.positions, labels, JUDGED)),
    );
    const small = await subject.found.get("thumbnails", () => Promise.resolve(thumbnails(sample)));
    const flags = ["--layer", layer, "--method", method];
    if (places === "each") flags.push("--places", places);
    return {
      said: {
        layer,
        method,
        places,
        shares: made.shares,
        agreement,
        classNames,
        images: sample.indices.length,
        command: commandLine(subject, "explain embedding", undefined, flags),
      },
      arrays: {
        positions: sentNumbers(made.positions.values.slice(), [labels.length, 2]),
        labels: sentNumbers(Float32Array.from(labels), [labels.length]),
        indices: sentNumbers(Float32Array.from(sample.indices), [labels.length]),
        thumbnails: { shape: small.shape, values: small.values.slice() },
      },
    };
  },
};

/** The most neighbors. */
const MOST_NEIGHBORS = 24;

/** The nearest of an image, in pixels and in features. */
export const neighbors: View = {
  lane: "quick",
  async run(subject, params, job) {
    const { layer, sample, own } = await spaceIn(subject, params, job);
    const count = sample.indices.length;
    const index = params.whole("index", 0, count - 1) ?? 0;
    const k = Math.min(params.whole("k", 1, MOST_NEIGHBORS) ?? 9, count - 1);
    const pixels = await subject.found.get(
      "pixels",
      () => Promise.resolve(pixelFeatures(sample.examples)),
    );
    const near = (all: Features) =>
      nearestNeighbors(all, all.values.subarray(index * all.size, (index + 1) * all.size), k, {
        without: index,
      });
    return {
      said: { layer, index, pixels: near(pixels), features: near(own) },
      arrays: { picture: sentPicture(exampleImage(sample.examples, index)) },
    };
  },
};
