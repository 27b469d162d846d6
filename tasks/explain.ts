// `deno task explain`: looks inside a trained network.
import { type Group, runGroup } from "./command.ts";
import * as activations from "./explain/activations.ts";
import * as embedding from "./explain/embedding.ts";
import * as filters from "./explain/filters.ts";
import * as neighbours from "./explain/neighbours.ts";
import * as patches from "./explain/patches.ts";

const group: Group = {
  name: "explain",
  summary: "Looks inside a trained network, and leaves pictures with a page that shows them.",
  subcommands: { filters, activations, neighbours, patches, embedding },
  examples: [["deno task explain filters", "the first layer's weights"]],
};

await runGroup(group, Deno.args);
