// Trains the two networks of this folder again and saves them without optimizer state, 250 kB each.
// deno run -A examples/networks/make.ts
import { type Json, readCheckpoint, writeCheckpoint } from "../../mod.ts";

const runs = [["mnist", 6], ["fashion-mnist", 8]] as const;
for (const [dataset, epochs] of runs) {
  const out = await Deno.makeTempDir();
  const flags = ["--model", "lenet5-relu", "--dataset", dataset, "--epochs", `${epochs}`];
  const { success } = await new Deno.Command("deno", {
    args: ["task", "train", ...flags, "--out", out],
  }).spawn().status;
  if (!success) Deno.exit(1);
  const { sections, run } = await readCheckpoint(`${out}/checkpoint.safetensors`);
  const file = new URL(`lenet5-relu-${dataset}.safetensors`, import.meta.url).pathname;
  // The record of each step would be as large as the network.
  const record = { ...run as Record<string, Json>, steps: [] };
  await writeCheckpoint(file, { sections: { ...sections, optimizer: new Map() }, run: record });
  await Deno.remove(out, { recursive: true });
}
