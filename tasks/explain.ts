// `deno task explain`: looks inside a trained network.
import { type Group, runGroup } from "./command.ts";
import * as activations from "./explain/activations.ts";
import * as filters from "./explain/filters.ts";

const group: Group = {
  name: "explain",
  summary: "Looks inside a trained network, and leaves pictures with a page that shows them.",
  subcommands: { filters, activations },
  examples: [["deno task explain filters", "the first layer's weights"]],
};

await runGroup(group, Deno.args);
