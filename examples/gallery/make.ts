// Makes the pictures of this gallery again, with the tasks and the networks in examples/networks.
// Takes 2 minutes.
// deno run --allow-read --allow-write --allow-run=deno examples/gallery/make.ts
const FASHION = ["--weights", "examples/networks/lenet5-relu-fashion-mnist.safetensors"];

/** Each picture's name in this folder, the file that the task writes, and the task. */
const PICTURES: readonly (readonly [name: string, file: string, ...task: string[]])[] = [
  ["filters", "filters-conv1.png", "explain", "filters"],
  ["maps", "conv2.png", "explain", "activations", "--layer", "conv2"],
  ["neighbors", "neighbors.png", "explain", "neighbors", ...FASHION],
  ["patches", "patches-pool2-guided.png", "explain", "patches"],
  ["saliency", "saliency-row.png", "explain", "saliency", "--rule", "guided"],
  ["grad-cam", "grad-cam-row.png", "explain", "grad-cam"],
  ["integrated-gradients", "integrated-gradients-row.png", "explain", "integrated-gradients"],
  ["occlusion", "occlusion-row.png", "explain", "occlusion"],
  ["classes", "classes.png", "generate", "class-image"],
  ["dream", "dream.png", "generate", "deep-dream", "--image", "noise", "--size", "224"],
  ["inversion", "strip.png", "generate", "inversion"],
  ["adversarial", "examples.png", "generate", "adversarial", "--limit", "256"],
  ["accuracy", "accuracy.svg", "generate", "adversarial", "--limit", "256"],
];

const root = new URL("../../", import.meta.url);
const made = new Map<string, string>();
for (const [name, file, ...task] of PICTURES) {
  const command = task.join(" ");
  if (!made.has(command)) {
    const out = await Deno.makeTempDir();
    const args = ["task", "--quiet", ...task, "--out", out];
    const { success } = await new Deno.Command("deno", { args, cwd: root }).spawn().status;
    if (!success) Deno.exit(1);
    made.set(command, out);
  }
  const ending = file.slice(file.lastIndexOf("."));
  await Deno.copyFile(`${made.get(command)}/${file}`, new URL(`${name}${ending}`, import.meta.url));
}
for (const out of made.values()) await Deno.remove(out, { recursive: true });
