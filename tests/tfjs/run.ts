// `deno task test:tfjs`: tfjs-core's own tests on stock tfjs and on both forms of our kernels.
// Whatever passes on stock tfjs passes on ours, but for the differences listed here.

const REWORDED = "refused by tfjs too, in other words";

/** Tests of `max` and `min` with equal numbers. */
const TIES = ["max", "min"].flatMap((name) =>
  [
    "1D, ties",
    "ties, 2D, axes=-1, keepDims=false",
    "ties, 3D, axes=[1, 2], keepDims=false",
    "ties, 4D, axes=[1, 2, 3], keepDims=false",
    "ties, 4D, axes=[2, 3], keepDims=true",
  ].map((which): [string, string] => [
    `${name} ${name} gradient: ${which}`,
    "equal numbers share the slope, as in PyTorch: all of it for each is no slope of anything",
  ])
);

const STEPS = "a quotient of whole numbers is a whole number: a step, which has no slope";

const MIRRORED = "a mirrored number's slope comes back to where it was taken from";

/** What differs on purpose, by the test's name, and why. */
const INTENDED: Readonly<Record<string, string>> = {
  "maxPool [x=[3,3,1] f=[2,2] s=1 ignores NaNs":
    "max pooling passes NaN on, as PyTorch's does: a NaN must not vanish",
  "gather fills with zero when index is out of bound":
    "indices beyond the axis are refused: zeros would be wrong numbers without a word",
  ...Object.fromEntries(TIES),
  "div gradient: Tensor1D with int32": STEPS,
  "div gradient: 1d<int32> with 1d<bool> ": STEPS,
  "mirrorPad grad": MIRRORED,
  "mirrorPad gradient with clones": MIRRORED,
  "avgPool gradient x=[3,3,1] f=[3,3] s=1 p=explicit":
    "a mean's gradient divides by the pixels that its window covers, as the mean does",
  "gradients does not error if irrelevant (pruned) ops are missing grads":
    "a sum of truth values is of whole numbers, which have no slope",
  "depthwiseConv2d gradients throws error on dilations > 1": REWORDED,
  "einsum 2d matrix calculate trace: duplicate axes not implemented yet": REWORDED,
  "einsum mismatched dimensions throws error": REWORDED,
  "einsum incorrect equation throws error": REWORDED,
  "einsum incorrect number of tensors throws error": REWORDED,
  "einsum nonexistent dimension throws error": REWORDED,
  "einsum two arrows in equation throws error": REWORDED,
  "einsum more than two input tensors throws error": "any number of tensors is multiplied",
};

type Outcome = { readonly passed: number; readonly failed: Readonly<Record<string, string>> };

async function suite(form: "stock" | "software" | "gpu", filter: string): Promise<Outcome> {
  const { stdout, success } = await new Deno.Command("deno", {
    args: ["run", "-A", "--no-lock", "--no-check", import.meta.resolve("./suite.ts"), form, filter],
    stderr: "null",
  }).output();
  const line = new TextDecoder().decode(stdout).split("\n").find((one) => one.startsWith('{"form'));
  if (!success || !line) throw new Error(`Cannot run the suite on ${form}: it ended early`);
  const { passed, failed } = JSON.parse(line) as Outcome;
  const named = Object.entries(failed)
    .map(([name, message]) => [name.replace(/ webgpu \{.*?\}/, ""), message]);
  console.log(`${form}: ${passed} passed, ${named.length} failed`);
  return { passed, failed: Object.fromEntries(named) };
}

const [filter = ""] = Deno.args;
const stock = await suite("stock", filter);
let unexpected = 0;
for (const form of ["software", "gpu"] as const) {
  const { failed } = await suite(form, filter);
  for (const [name, message] of Object.entries(failed)) {
    if (name in stock.failed) continue;
    const reason = INTENDED[name];
    if (!reason) unexpected++;
    console.log(`  ${reason ? "intended" : "WORSE"}: ${name}: ${reason ?? message.split("\n")[0]}`);
  }
  const mended = Object.keys(stock.failed).filter((name) => !(name in failed));
  for (const name of mended) console.log(`  mended: ${name}`);
}
Deno.exit(unexpected > 0 ? 1 : 0);
