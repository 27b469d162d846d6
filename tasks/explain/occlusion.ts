// `deno task explain occlusion`: what an answer loses where a part of the picture is covered.
import { windowSide } from "../../lib/explain/attribution/occlusion_windows.ts";
import { occlusion } from "../../lib/explain/mod.ts";
import { count, UsageError, type Values } from "../command.ts";
import { showAttribution } from "../pictures/attribution_pictures.ts";
import {
  baselineFlag,
  baselineOf,
  explainedFlags,
  featureFlags,
  openExplained,
  withProgress,
} from "../pictures/explained.ts";
import { outputFlags } from "../pictures/picture_flags.ts";

/** What it takes. */
export const command = {
  name: "explain occlusion",
  summary: "Shows what an answer loses where a part of the picture is covered.",
  flags: {
    ...explainedFlags,
    ...featureFlags,
    window: count({
      min: 1,
      help: "the side of the square that covers, in pixels",
      defaultText: "an eighth of the picture's",
    }),
    stride: count({
      min: 1,
      help: "pixels from one square to the next",
      defaultText: "half a square",
    }),
    baseline: baselineFlag,
    batch: count({ min: 1, default: 8, help: "how many covered pictures at a time" }),
    ...outputFlags("explain-occlusion"),
  },
  examples: [
    ["deno task explain occlusion", "of a test image, by the LeNet-5 that comes with the project"],
    [
      "deno task explain occlusion --image cat.png --weights squeezenet1_0.safetensors --window 40",
      "a photo",
    ],
  ],
} as const;

/** Writes the pictures. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const { baseline, batch } = flags;
  const explained = await openExplained(command.name, flags, ({ inputShape }) => {
    const side = Math.min(inputShape[0]!, inputShape[1]!);
    const most = flags.window ?? windowSide(side);
    if (most > side) {
      throw new UsageError(`--window must be at most the picture's side, ${side}: got ${most}`);
    }
    if (flags.stride !== undefined && flags.stride > most) {
      throw new UsageError(`--stride must be at most the window's, ${most}: got ${flags.stride}`);
    }
  });
  const { network, x, objective } = explained;
  const window = flags.window ?? windowSide(Math.min(x.shape[1]!, x.shape[2]!));
  const stride = flags.stride ?? Math.ceil(window / 2);
  const cover = baselineOf(baseline, explained);
  const options = { window, stride, baseline: cover, batchSize: batch };
  const found = await withProgress(
    "Occlusion",
    (onProgress) => occlusion(network, x, objective, { ...options, onProgress }),
  );
  await showAttribution(explained, found, {
    name: "occlusion",
    label: "occlusion",
    caption: `Occlusion by ${window} × ${window} pixels of ${baseline}`,
    settings: { window, stride, baseline },
    signed: true,
  }, flags.json);
}
