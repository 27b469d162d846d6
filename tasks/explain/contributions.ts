// `deno task explain contributions`: what each pixel adds to a score, by methods that go back layer by layer.
import {
  type Attribution,
  type Contributions,
  deepLift,
  gradientShap,
  layerwiseRelevance,
  lime,
  toInputs,
} from "../../lib/explain/mod.ts";
import { RELEVANCE_RULES, requireRules } from "../../lib/explain/attribution/relevance_rules.ts";
import { placedLayers } from "../../lib/explain/placed_layers.ts";
import { key, type Tensor, tf } from "../../mod.ts";
import { choice, count, UsageError, type Values } from "../command.ts";
import { showAttribution } from "../pictures/attribution_pictures.ts";
import {
  baselineOf,
  BASELINES,
  type Explanation,
  explanationFlags,
  featureFlags,
  openExplanation,
} from "../pictures/explanation.ts";
import { outputFlags, seedFlag } from "../pictures/flags.ts";
import type { PictureSettings } from "../pictures/picture_folder.ts";
import { stepProgress } from "../progress.ts";
import { say } from "../command/say.ts";

/** The methods that a flag is about. */
const OWN = {
  baseline: ["deep-lift", "lime"],
  samples: ["gradient-shap", "lime"],
  rule: ["lrp"],
  superpixels: ["lime"],
} as const;

/** What the subcommand takes. */
export const command = {
  name: "explain contributions",
  summary:
    "Shows what each pixel or part adds to a score: by DeepLIFT, gradient SHAP, layer-wise relevance (LRP) or LIME.",
  flags: {
    ...explanationFlags,
    ...featureFlags,
    method: choice(["deep-lift", "gradient-shap", "lrp", "lime"], {
      default: "deep-lift",
      help:
        "differences from a baseline; the mean over many baselines; the score, handed back; or parts left out",
    }),
    baseline: choice(BASELINES, {
      help: "the input that stands for nothing, with deep-lift and lime",
      defaultText: "zero",
    }),
    samples: count({
      min: 1,
      help:
        "gradients on ways from flat pictures of any brightness, with gradient-shap, or pictures with parts left out, with lime",
      defaultText: "50; 500 with lime",
    }),
    rule: choice(["epsilon-plus", ...RELEVANCE_RULES], {
      help: "how weighted sums share relevance, with lrp; epsilon-plus is z-plus for convolutions",
      defaultText: "epsilon-plus",
    }),
    superpixels: count({
      min: 1,
      help: "about how many parts, with lime",
      defaultText: "50",
    }),
    seed: seedFlag,
    ...outputFlags("explain-contributions"),
  },
  examples: [
    ["deno task explain contributions", "a test image, with the LeNet-5 of the project"],
    [
      "deno task explain contributions --method lrp --image cat.png --weights squeezenet1_0.safetensors",
      "a photo",
    ],
  ],
} as const;

type Flags = Values<typeof command.flags>;

const NAMES = {
  "deep-lift": "DeepLIFT",
  "gradient-shap": "gradient SHAP",
  lrp: "LRP",
  lime: "LIME",
} as const;

/** Writes the pictures. */
export async function run(flags: Flags): Promise<void> {
  const { method } = flags;
  for (const [flag, methods] of Object.entries(OWN)) {
    const isOwn = (methods as readonly string[]).includes(method);
    if (isOwn || flags[flag as keyof typeof OWN] === undefined) continue;
    throw new UsageError(
      `Cannot use --${flag}: --method must be ${methods.join(" or ")}, got ${method}`,
    );
  }
  const explanation = await openExplanation(
    command.name,
    flags,
    ({ model, inputShape }) => method === "lrp" && requireRules(placedLayers(model, inputShape)),
  );
  const settingsOf: Readonly<Record<Flags["method"], PictureSettings>> = {
    "deep-lift": { baseline: flags.baseline ?? "zero" },
    "gradient-shap": { samples: flags.samples ?? 50, seed: flags.seed },
    lrp: { rule: flags.rule ?? "epsilon-plus" },
    lime: {
      superpixels: flags.superpixels ?? 50,
      samples: flags.samples ?? 500,
      baseline: flags.baseline ?? "zero",
      seed: flags.seed,
    },
  };
  const settings = settingsOf[method];
  const found = await attributionBy(explanation, flags);
  const scores: PictureSettings = "deltas" in found
    ? { baselineScore: found.baselineScores[0]!, delta: found.deltas[0]! }
    : {};
  const units = { "gradient-shap": " samples", lime: " superpixels", "deep-lift": "", lrp: "" };
  const caption = `${Object.values(settings)[0]}${units[method]}`;
  await showAttribution(
    explanation,
    found,
    {
      name: method,
      label: NAMES[method],
      caption: `Contributions by ${NAMES[method]}, ${caption},`,
      settings: { ...settings, ...scores },
      signed: true,
      share: 0.995,
    },
    flags.json,
    scores,
  );
}

async function attributionBy(
  explanation: Explanation,
  { method, baseline = "zero", samples, rule = "epsilon-plus", superpixels, seed }: Flags,
): Promise<Attribution | Contributions> {
  const { network, x, objective, opened } = explanation;
  if (method === "lrp") {
    return await layerwiseRelevance(
      network,
      x,
      objective,
      rule === "epsilon-plus" ? {} : { rule },
    );
  }
  const instead = baselineOf(baseline, explanation);
  if (method === "lime") {
    const progress = stepProgress(NAMES.lime);
    return await lime({ ...network, preprocessing: opened.units }, x, objective, {
      baseline: instead,
      key: key(seed),
      onProgress: progress.step,
      ...(superpixels === undefined ? {} : { segments: superpixels }),
      ...(samples === undefined ? {} : { samples }),
    }).finally(progress.stop);
  }
  const found = method === "deep-lift"
    ? await deepLift(network, x, objective, { baseline: instead })
    : await shap(explanation, samples ?? 50, seed);
  say(
    `the baseline's score is ${found.baselineScores[0]!.toPrecision(4)}, the picture's ${
      found.scores[0]!.toPrecision(4)
    }; the sum is off by ${found.deltas[0]!.toPrecision(2)}`,
  );
  return found;
}

/** How many brightnesses stand for nothing in gradient SHAP. */
const BRIGHTNESSES = 5;

async function shap(
  { network, x, objective, opened }: Explanation,
  samples: number,
  seed: number,
): Promise<Contributions> {
  const baselines = tf.tidy(() => {
    const flat = (i: number): Tensor => tf.fill(x.shape, i / (BRIGHTNESSES - 1));
    return toInputs(
      tf.concat(Array.from({ length: BRIGHTNESSES }, (_, i) => flat(i))),
      opened.units,
    );
  });
  const progress = stepProgress(NAMES["gradient-shap"]);
  const options = { samples, key: key(seed), onProgress: progress.step };
  return await gradientShap(network, x, objective, baselines, options).finally(progress.stop);
}
