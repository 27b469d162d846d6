// `deno task explain`: looks inside a trained network.
import { type Group, runGroup } from "./command.ts";
import { asRank } from "./command/ranks.ts";
import * as activations from "./explain/activations.ts";
import * as compare from "./explain/compare.ts";
import * as contributions from "./explain/contributions.ts";
import * as embedding from "./explain/embedding.ts";
import * as filters from "./explain/filters.ts";
import * as gradCam from "./explain/grad_cam.ts";
import * as integratedGradients from "./explain/integrated_gradients.ts";
import * as neighbors from "./explain/neighbors.ts";
import * as occlusion from "./explain/occlusion.ts";
import * as patches from "./explain/patches.ts";
import * as saliency from "./explain/saliency.ts";

/** The task. */
export const group: Group = {
  name: "explain",
  summary: "Looks inside a trained network, and leaves pictures with a page that shows them.",
  subcommands: {
    filters,
    activations,
    neighbors,
    patches,
    saliency,
    "grad-cam": gradCam,
    "integrated-gradients": integratedGradients,
    contributions,
    occlusion,
    compare,
    embedding,
  },
  examples: [
    ["deno task explain filters", "the weights of the first layer"],
    ["deno task explain grad-cam", "where in a test image the network sees a class"],
    ["deno task explain patches --layer conv2", "the parts of images that units respond to most"],
  ],
};

if (import.meta.main) {
  const code = await asRank(group.name, Deno.args);
  if (code !== undefined) Deno.exit(code);
  await runGroup(group, Deno.args);
}
