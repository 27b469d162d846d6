// `deno task explain grad-cam`: where in a picture the network sees a class.
import { type CamMethod, gradCam, guidedGradCam } from "../../lib/explain/mod.ts";
import { CAM_NAMES } from "../../lib/explain/attribution/cam_weights.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { requireRule } from "../../lib/explain/backward_rule.ts";
import { choice, refuse, UsageError, type Values } from "../command.ts";
import { showAttribution } from "../pictures/attribution_pictures.ts";
import { explanationFlags, openExplanation } from "../pictures/explanation.ts";
import { layerFlag, outputFlags } from "../pictures/flags.ts";
import { stepProgress } from "../progress.ts";

const CAMS = Object.keys(CAM_NAMES) as CamMethod[];

/** What the subcommand takes. */
export const command = {
  name: "explain grad-cam",
  summary:
    "Shows where in a picture the network sees a class: a layer's maps, weighted by their gradients.",
  flags: {
    ...explanationFlags,
    layer: layerFlag({
      help: "path of the layer whose feature maps are used",
      defaultText: "the last one with maps, before pooling",
    }),
    method: choice([...CAMS, "guided-grad-cam"], {
      default: "grad-cam",
      help: "what the maps count, or the guided gradient times the map of grad-cam",
    }),
    rule: choice(["backprop", "deconvnet", "guided"], {
      help: "the backward rule of ReLUs: down to the layer, or with guided-grad-cam to the picture",
      defaultText: "backprop; guided with guided-grad-cam",
    }),
    ...outputFlags("explain-grad-cam"),
  },
  examples: [
    ["deno task explain grad-cam", "a test image, with the LeNet-5 of the project"],
    [
      "deno task explain grad-cam --image cat.png --weights squeezenet1_0.safetensors --layer fire9",
      "a photo",
    ],
    ["deno task explain grad-cam --method guided-grad-cam --class 7", "pixel by pixel"],
    ["deno task explain grad-cam --method layer-cam --layer conv1", "finer, by an early layer"],
  ],
} as const;

/** Writes the pictures. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const { method, layer: wanted, class: wantedClass } = flags;
  const isGuided = method === "guided-grad-cam";
  const rule = flags.rule ?? (isGuided ? "guided" : "backprop");
  if (method === "score-cam" && rule !== "backprop") {
    throw new UsageError("Cannot use --rule with --method score-cam: it has no gradient");
  }
  const { layer: _, ...others } = flags;
  const explanation = await openExplanation(
    command.name,
    { ...others, class: wantedClass },
    ({ model, inputShape }) => {
      const { shape } = requireLayer(model, inputShape, wanted ?? "");
      if (wanted !== undefined && shape.length !== 3) {
        refuse(
          "--layer",
          "one that outputs [height, width, channels]",
          `${wanted} with [${shape}]`,
        );
      }
      requireRule(model, inputShape, rule);
    },
  );
  const { network, x, objective } = explanation;
  const name = isGuided ? "guided Grad-CAM" : CAM_NAMES[method];
  const progress = stepProgress(name);
  const options = { rule, ...(wanted === undefined ? {} : { layer: wanted }) };
  const attribution = isGuided
    ? await guidedGradCam(network, x, objective, options)
    : await gradCam(network, x, objective, { ...options, method, onProgress: progress.step })
      .finally(progress.stop);
  await showAttribution(explanation, attribution, {
    name: method,
    label: name,
    caption: `${name[0]!.toUpperCase()}${name.slice(1)} by ${attribution.layer}`,
    settings: { layer: attribution.layer, rule },
    signed: isGuided,
    ...(isGuided ? { colored: attribution } : {}),
    share: isGuided ? 0.995 : 1,
  }, flags.json);
}
