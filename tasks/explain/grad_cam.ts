// `deno task explain grad-cam`: where in a picture a class is seen.
import { gradCam, guidedGradCam } from "../../lib/explain/mod.ts";
import { requireLayer } from "../../lib/layers/layers_of.ts";
import { requireRule } from "../../lib/explain/backward_rule.ts";
import { choice, UsageError, type Values } from "../command.ts";
import { showAttribution } from "../pictures/attribution_pictures.ts";
import { explainedFlags, openExplained } from "../pictures/explained.ts";
import { layerFlag, outputFlags } from "../pictures/picture_flags.ts";

/** What it takes. */
export const command = {
  name: "explain grad-cam",
  summary: "Shows where in a picture a class is seen: a layer's maps by their gradients.",
  flags: {
    ...explainedFlags,
    layer: layerFlag({
      help: "path of the layer whose maps are looked at",
      defaultText: "the last with maps, before the pooling",
    }),
    method: choice(["grad-cam", "guided-grad-cam"], {
      default: "grad-cam",
      help: "the map, or the guided gradient times the map",
    }),
    rule: choice(["backprop", "deconvnet", "guided"], {
      help: "the way back through ReLUs: to the layer, or for guided-grad-cam to the picture",
      defaultText: "backprop, or guided for guided-grad-cam",
    }),
    ...outputFlags("explain-grad-cam"),
  },
  examples: [
    ["deno task explain grad-cam", "of a test image, by the LeNet-5 that comes with the project"],
    [
      "deno task explain grad-cam --image cat.png --weights squeezenet1_0.safetensors --layer fire9",
      "a photo",
    ],
    ["deno task explain grad-cam --method guided-grad-cam --class 7", "pixel by pixel"],
  ],
} as const;

/** Writes the pictures. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const { method, layer: wanted, class: wantedClass } = flags;
  const isGuided = method === "guided-grad-cam";
  const rule = flags.rule ?? (isGuided ? "guided" : "backprop");
  const { layer: _, ...others } = flags;
  const explained = await openExplained(
    command.name,
    { ...others, class: wantedClass },
    ({ model, inputShape }) => {
      const { shape } = requireLayer(model, inputShape, wanted ?? "");
      if (wanted !== undefined && shape.length !== 3) {
        throw new UsageError(
          `--layer must be one that answers [height, width, channels]: ${wanted} answers [${shape}]`,
        );
      }
      requireRule(model, inputShape, rule);
    },
  );
  const { network, x, objective } = explained;
  const options = { rule, ...(wanted === undefined ? {} : { layer: wanted }) };
  const attribution = await (isGuided ? guidedGradCam : gradCam)(network, x, objective, options);
  const caption = `${isGuided ? "Guided Grad-CAM" : "Grad-CAM"} by ${attribution.layer}`;
  await showAttribution(explained, attribution, {
    name: method,
    label: isGuided ? "guided Grad-CAM" : "Grad-CAM",
    caption,
    settings: { layer: attribution.layer, rule },
    signed: isGuided,
    ...(isGuided ? { colored: attribution } : {}),
    share: isGuided ? 0.995 : 1,
  }, flags.json);
}
