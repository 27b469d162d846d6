// `deno task generate`: makes pictures by a trained network.
import { type Group, runGroup } from "./command.ts";

const group: Group = {
  name: "generate",
  summary: "Makes pictures by a trained network, and leaves them with a page that shows them.",
  subcommands: {},
};

await runGroup(group, Deno.args);
