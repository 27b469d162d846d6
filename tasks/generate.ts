// `deno task generate`: makes pictures by a trained network.
import { type Group, runGroup } from "./command.ts";
import * as adversarial from "./generate/adversarial.ts";
import * as classImage from "./generate/class_image.ts";
import * as deepDream from "./generate/deep_dream.ts";
import * as inversion from "./generate/inversion.ts";

const group: Group = {
  name: "generate",
  summary: "Makes pictures by a trained network, and leaves them with a page that shows them.",
  subcommands: { "class-image": classImage, "deep-dream": deepDream, inversion, adversarial },
};

await runGroup(group, Deno.args);
