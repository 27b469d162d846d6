// `deno task explain occlusion`: how much a score falls if a part of the picture is covered.
import { windowSide } from "../../lib/explain/attribution/occlusion_windows.ts";
import { occlusion } from "../../lib/explain/mod.ts";
import { count, refuse, type Values } from "../command.ts";
import { showAttribution } from "../pictures/attribution_pictures.ts";
import {
  baselineFlag,
  baselineOf,
  explanationFlags,
  featureFlags,
  openExplanation,
} from "../pictures/explanation.ts";
import { stepProgress } from "../progress.ts";
import { outputFlags } from "../pictures/flags.ts";

/** What the subcommand takes. */
export const command = {
  name: "explain occlusion",
  summary: "Shows how much a score falls if a part of the picture is covered.",
  flags: {
    ...explanationFlags,
    ...featureFlags,
    window: count({
      min: 1,
      help: "side of the covering square, in pixels",
      defaultText: "an eighth of the picture's side",
    }),
    stride: count({
      min: 1,
      help: "distance between squares, in pixels",
      defaultText: "half a square",
    }),
    baseline: baselineFlag,
    batch: count({ min: 1, default: 8, help: "covered pictures per batch" }),
    ...outputFlags("explain-occlusion"),
  },
  examples: [
    ["deno task explain occlusion", "a test image, with the LeNet-5 of the project"],
    [
      "deno task explain occlusion --image cat.png --weights squeezenet1_0.safetensors --window 40",
      "a photo",
    ],
  ],
} as const;

/** Writes the pictures. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const { baseline, batch } = flags;
  const explanation = await openExplanation(command.name, flags, ({ inputShape }) => {
    const side = Math.min(inputShape[0]!, inputShape[1]!);
    const most = flags.window ?? windowSide(side);
    if (most > side) {
      refuse("--window", `at most the picture's side, ${side}`, most);
    }
    if (flags.stride !== undefined && flags.stride > most) {
      refuse("--stride", `at most the window's side, ${most}`, flags.stride);
    }
  });
  const { network, x, objective } = explanation;
  const window = flags.window ?? windowSide(Math.min(x.shape[1]!, x.shape[2]!));
  const stride = flags.stride ?? Math.ceil(window / 2);
  const cover = baselineOf(baseline, explanation);
  const options = { window, stride, baseline: cover, batchSize: batch };
  const progress = stepProgress("Occlusion");
  const found = await occlusion(network, x, objective, { ...options, onProgress: progress.step })
    .finally(progress.stop);
  await showAttribution(explanation, found, {
    name: "occlusion",
    label: "occlusion",
    caption: `Occlusion by ${window} × ${window} pixels of ${baseline}`,
    settings: { window, stride, baseline },
    signed: true,
  }, flags.json);
}
