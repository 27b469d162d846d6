// `deno task generate`: makes pictures by a trained network.
import { type Group, runGroup } from "./command.ts";
import * as adversarial from "./generate/adversarial.ts";

const group: Group = {
  name: "generate",
  summary: "Makes pictures by a trained network, and leaves them with a page that shows them.",
  subcommands: { adversarial },
};

await runGroup(group, Deno.args);
