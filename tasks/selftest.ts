// `deno task selftest`: checks on this machine's adapter that every operation computes right.
import { type Device, stop } from "../mod.ts";
import { registerKernels } from "../lib/device/register.ts";
import { table } from "../lib/text/table.ts";
import { choice, count, runCommand, text, toggle, UsageError, type Values } from "./command.ts";
import { startDevice } from "./command/device.ts";
import { setUp } from "./setup.ts";
import { check, type Verdict } from "./selftest/check.ts";
import { subjects } from "./selftest/subjects.ts";

/** What the task takes. */
export const command = {
  name: "selftest",
  summary:
    "Compares every operation that the library uses, and its gradient, with plain TypeScript on " +
    "random shapes, on this machine's adapter. The exit code is 1 if any differs by more than " +
    "the rounding of float32 explains.",
  flags: {
    rounds: count({ min: 1, max: 1000, default: 3, help: "random shapes per operation" }),
    seed: count({ min: 0, default: 0, help: "seed of shapes and numbers" }),
    filter: text({ help: "operations whose name contains this", defaultText: "all" }),
    backend: choice(["webgpu", "cpu"], {
      help: "where to compute",
      defaultText: "webgpu, or cpu if there is no adapter",
    }),
    form: choice(["software", "gpu"], {
      help: "which kernels: those for software adapters or those for GPUs",
      defaultText: "the adapter's",
    }),
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  },
  examples: [
    ["deno task selftest", "all operations, about a minute on a software adapter"],
    ["deno task selftest --filter convolve --rounds 20 --seed 7", "convolutions, thoroughly"],
    ["deno task selftest --form gpu", "the kernels for GPUs, also on a software adapter"],
  ],
} as const;

function errorText(error: number): string {
  return error === 0 ? "0" : Number.isFinite(error) ? error.toExponential(1) : "∞";
}

/** The verdicts as a table. */
function tableOf(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ name, trials, worst, tolerance, passed }) => [
    name,
    `${trials}`,
    errorText(worst),
    errorText(tolerance),
    passed ? "ok" : "WRONG",
  ]);
  return table([["operation", "shapes", "worst error", "allowed", ""], ...rows], {
    heading: true,
    align: ["left", "right", "right", "right", "left"],
  });
}

/** What is told of each failure, to be reported. */
function failureOf({ name, where, worst, error }: Verdict): string {
  return `${name}: ${where}: ${error ?? `differs by ${errorText(worst)} of the largest number`}`;
}

/** The limits that decide which kernels and sizes are possible. */
const SHOWN_LIMITS = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxTextureDimension2D",
];

function deviceText({ backend, adapter, software, limits }: Device): string {
  const kind = software && backend === "webgpu" ? ", a software adapter" : "";
  const known = SHOWN_LIMITS.filter((name) => name in limits);
  return [
    `${backend}: ${adapter}${kind}`,
    ...known.map((name) => `  ${name} ${limits[name]!.toLocaleString("en")}`),
  ].join("\n");
}

/** Puts the kernels of one form in place. */
function useForm({ backend }: Device, form: "software" | "gpu"): void {
  if (backend !== "webgpu") {
    throw new UsageError(`Cannot use --form: the backend must be webgpu, got ${backend}`);
  }
  registerKernels(form === "software");
}

/** Runs the task. */
async function run(flags: Values<typeof command.flags>): Promise<void> {
  const began = performance.now();
  const { rounds, seed, filter = "" } = flags;
  const chosen = subjects.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()));
  if (chosen.length === 0) {
    throw new UsageError(
      `Cannot use --filter: it must be part of an operation's name, got ${filter}`,
    );
  }
  await setUp(flags.backend);
  const device = await startDevice(flags.backend);
  if (flags.form) useForm(device, flags.form);
  console.log("%s", deviceText(device));
  const verdicts: Verdict[] = [];
  for (const subject of chosen) verdicts.push(...await check(subject, { seed, rounds }));
  const failed = verdicts.filter(({ passed }) => !passed);
  const seconds = (performance.now() - began) / 1000;
  console.log("%s", `\n${tableOf(verdicts)}\n`);
  for (const each of failed) console.log("%s", failureOf(each));
  if (flags.json) {
    const { backend, adapter, software, limits } = device;
    // JSON knows no infinity.
    const results = verdicts.map((each) => ({
      ...each,
      worst: Number.isFinite(each.worst) ? each.worst : null,
    }));
    console.log(
      "%s",
      JSON.stringify({
        backend,
        adapter,
        software,
        limits,
        seed,
        rounds,
        seconds,
        failed: failed.map(({ name }) => name),
        results,
      }),
    );
  }
  const summary = `${verdicts.length - failed.length} of ${verdicts.length} right, seed ${seed}`;
  if (!flags.json) console.log("%s", `${summary}, in ${seconds.toFixed(0)} s`);
  stop();
  if (failed.length > 0) {
    throw new Error(
      `Cannot trust ${device.adapter}: ${failed.length} of ${verdicts.length} operations compute wrong numbers: ${
        failed.map(({ name }) => name).join(", ")
      }`,
    );
  }
}

if (import.meta.main) await runCommand(command, Deno.args, run);
