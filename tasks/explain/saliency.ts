// `deno task explain saliency`: which pixels change a score most.
import {
  type Attribution,
  inputTimesGradient,
  type Saliency,
  saliency,
  smoothGrad,
} from "../../lib/explain/mod.ts";
import { key } from "../../mod.ts";
import { requireRule } from "../../lib/explain/backward_rule.ts";
import { choice, count, number, UsageError, type Values } from "../command.ts";
import { stepProgress } from "../progress.ts";
import { showAttribution } from "../pictures/attribution_pictures.ts";
import {
  type Explanation,
  explanationFlags,
  featureFlags,
  openExplanation,
} from "../pictures/explanation.ts";
import { outputFlags, ruleFlag, seedFlag } from "../pictures/flags.ts";

/** What the subcommand takes. */
export const command = {
  name: "explain saliency",
  summary: "Shows which pixels change a score most: the gradient with respect to the picture.",
  flags: {
    ...explanationFlags,
    ...featureFlags,
    method: choice(["gradient", "smooth-grad", "input-x-gradient"], {
      default: "gradient",
      help: "the gradient's magnitude, its mean over noisy copies, or its product with the picture",
    }),
    rule: ruleFlag,
    samples: count({ min: 1, help: "noisy copies, with smooth-grad", defaultText: "25" }),
    noise: number({
      min: 0,
      help: "their noise as a share of the range, with smooth-grad",
      defaultText: "0.15",
    }),
    seed: seedFlag,
    ...outputFlags("explain-saliency"),
  },
  examples: [
    ["deno task explain saliency", "a test image, with the LeNet-5 of the project"],
    [
      "deno task explain saliency --image cat.png --weights squeezenet1_0.safetensors --rule guided",
      "a photo",
    ],
    ["deno task explain saliency --method smooth-grad --class 7", "smoothed, for another class"],
  ],
} as const;

type Flags = Values<typeof command.flags>;

/** Writes the pictures. */
export async function run(flags: Flags): Promise<void> {
  const { method, rule, samples, noise, seed } = flags;
  if (method !== "smooth-grad" && (samples !== undefined || noise !== undefined)) {
    throw new UsageError(
      `Cannot use --samples or --noise: --method must be smooth-grad, got ${method}`,
    );
  }
  const explanation = await openExplanation(
    command.name,
    flags,
    ({ model, inputShape }) => requireRule(model, inputShape, rule),
  );
  const attribution = await attributionBy(explanation, flags);
  const noisy = { samples: samples ?? 25, noise: noise ?? 0.15, seed };
  await showAttribution(explanation, attribution, {
    name: method === "gradient" ? "saliency" : method,
    label: LABELS[method],
    caption: `${CAPTIONS[method]} by ${rule}`,
    settings: { rule, ...(method === "smooth-grad" ? noisy : {}) },
    signed: method === "input-x-gradient",
    share: 0.995,
    ...(method === "gradient" ? { colored: gradientOf(explanation, attribution as Saliency) } : {}),
  }, flags.json);
}

const LABELS: Readonly<Record<Flags["method"], string>> = {
  gradient: "saliency",
  "smooth-grad": "SmoothGrad",
  "input-x-gradient": "input x gradient",
};

const CAPTIONS: Readonly<Record<Flags["method"], string>> = {
  gradient: "Saliency",
  "smooth-grad": "SmoothGrad",
  "input-x-gradient": "Input × gradient",
};

/** The gradient with its signs: what DeconvNet or guided backpropagation reconstructs. */
function gradientOf(
  { x }: Explanation,
  { gradient }: Saliency,
): Pick<Attribution, "shape" | "values"> {
  return { shape: x.shape as [number, number, number, number], values: gradient };
}

async function attributionBy(
  { network, x, objective }: Explanation,
  { method, rule, samples, noise, seed }: Flags,
): Promise<Attribution> {
  if (method === "gradient") return await saliency(network, x, objective, { rule });
  if (method === "input-x-gradient") {
    return await inputTimesGradient(network, x, objective, { rule });
  }
  const options = {
    rule,
    key: key(seed),
    ...(samples === undefined ? {} : { samples }),
    ...(noise === undefined ? {} : { noise }),
  };
  const progress = stepProgress("SmoothGrad");
  return await smoothGrad(network, x, objective, { ...options, onProgress: progress.step })
    .finally(progress.stop);
}
