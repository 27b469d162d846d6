// `deno task explain integrated-gradients`: what each pixel adds to a score.
import { integratedGradients } from "../../lib/explain/mod.ts";
import { requireRule } from "../../lib/explain/backward_rule.ts";
import type { Values } from "../command.ts";
import { showAttribution } from "../pictures/attribution_pictures.ts";
import {
  baselineFlag,
  baselineOf,
  explanationFlags,
  featureFlags,
  openExplanation,
} from "../pictures/explanation.ts";
import { outputFlags, ruleFlag, stepsFlag } from "../pictures/flags.ts";
import { stepProgress } from "../progress.ts";
import { say } from "../command/say.ts";

/** What the subcommand takes. */
export const command = {
  name: "explain integrated-gradients",
  summary: "Shows what each pixel adds to a score on the way from a baseline to the picture.",
  flags: {
    ...explanationFlags,
    ...featureFlags,
    steps: stepsFlag(50, "gradients on the way"),
    baseline: baselineFlag,
    rule: ruleFlag,
    ...outputFlags("explain-integrated-gradients"),
  },
  examples: [
    [
      "deno task explain integrated-gradients",
      "a test image, with the LeNet-5 of the project",
    ],
    [
      "deno task explain integrated-gradients --image cat.png --weights squeezenet1_0.safetensors",
      "a photo",
    ],
  ],
} as const;

/** Writes the pictures. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const { steps, baseline, rule } = flags;
  const explanation = await openExplanation(
    command.name,
    flags,
    ({ model, inputShape }) => requireRule(model, inputShape, rule),
  );
  const { network, x, objective } = explanation;
  const options = { steps, rule, baseline: baselineOf(baseline, explanation) };
  const progress = stepProgress("Integrated gradients");
  const found = await integratedGradients(network, x, objective, {
    ...options,
    onProgress: progress.step,
  }).finally(progress.stop);
  const [delta, baselineScore] = [found.deltas[0]!, found.baselineScores[0]!];
  say(
    `the baseline's score is ${baselineScore.toPrecision(4)}, the picture's ${
      found.scores[0]!.toPrecision(4)
    }; the sum is off by ${delta.toPrecision(2)}`,
  );
  await showAttribution(
    explanation,
    found,
    {
      name: "integrated-gradients",
      label: "int. gradients",
      caption: `Integrated gradients from ${baseline}`,
      settings: { steps, baseline, rule, baselineScore, delta },
      signed: true,
      share: 0.995,
    },
    flags.json,
    { baselineScore, delta },
  );
}
