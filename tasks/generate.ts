// `deno task generate`: makes pictures by a trained network.
import { type Group, runGroup } from "./command.ts";
import * as activationAtlas from "./generate/activation_atlas.ts";
import * as adversarial from "./generate/adversarial.ts";
import * as caricature from "./generate/caricature.ts";
import * as classImage from "./generate/class_image.ts";
import * as deepDream from "./generate/deep_dream.ts";
import * as inversion from "./generate/inversion.ts";

/** The task. */
export const group: Group = {
  name: "generate",
  summary: "Makes pictures by a trained network, and leaves them with a page that shows them.",
  subcommands: {
    "class-image": classImage,
    "deep-dream": deepDream,
    inversion,
    caricature,
    "activation-atlas": activationAtlas,
    adversarial,
  },
  examples: [
    ["deno task generate class-image --class 3", "what the network takes most for a 3"],
    ["deno task generate deep-dream --image noise", "what a layer sees in noise"],
    ["deno task generate adversarial --image 3 --target 8", "a digit that is taken for an 8"],
  ],
};

if (import.meta.main) await runGroup(group, Deno.args);
