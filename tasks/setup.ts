// `deno task setup`: makes sure that WebGPU finds an adapter, or says what would help.
import { runCommand, toggle } from "./command.ts";
import { installAdvice, usesApt } from "../lib/device/install_advice.ts";
import { type Adapter, type Machine, thisMachine } from "./setup/machine.ts";
import { quietVulkan } from "../lib/device/vulkan.ts";
import { isSoftware } from "../lib/device/adapter.ts";
import type { BackendName } from "../mod.ts";

// By its path, as `--allow-run` grants a path: a PATH of another order would find another.
const APT_GET = "/usr/bin/apt-get";
const DEBIAN_PACKAGES = ["mesa-vulkan-drivers", "libvulkan1"];

function describe(adapter: Adapter): string {
  const kind = isSoftware(adapter as GPUAdapterInfo) ? ", a software driver on the CPU" : "";
  return `WebGPU: ${adapter.description || "an adapter without a name"}${kind}`;
}

async function runAptGet(machine: Machine, ...args: string[]): Promise<boolean> {
  // Another apt-get may hold the lock, as at the start of many virtual machines.
  const all = ["-o", "DPkg::Lock::Timeout=120", ...args];
  machine.say(`$ ${APT_GET} ${all.join(" ")}`);
  const code = await machine.run(APT_GET, ...all);
  if (code === undefined) machine.say(`${APT_GET} is not there, or may not be run`);
  else if (code !== 0) machine.say(`${APT_GET} failed with exit code ${code}`);
  return code === 0;
}

/** Installs Debian's software driver, and returns the adapter that is there afterwards. */
async function installDriver(machine: Machine): Promise<Adapter | undefined> {
  machine.say("No Vulkan driver: installing Debian's, which has one for the CPU too");
  // Old package lists may still do.
  await runAptGet(machine, "update");
  const options = ["-y", "--no-install-recommends"];
  if (!await runAptGet(machine, "install", ...options, ...DEBIAN_PACKAGES)) return undefined;
  return await machine.findAdapter("vulkan");
}

/** Says what would help, and what happens without. */
function advise(machine: Machine, openGl: Adapter | undefined): void {
  const advice = installAdvice(machine.os, machine.osRelease(), machine.isRoot());
  if (openGl) {
    machine.say(`${describe(openGl)}, by OpenGL, which takes long to compile kernels`);
    machine.say(`note: for a faster start, ${advice}`);
  } else {
    machine.say(`note: WebGPU finds no adapter here; ${advice}`);
    machine.say("note: until then, tasks run on the CPU backend, which is much slower");
  }
}

function canInstall(machine: Machine): boolean {
  return machine.os === "linux" && machine.chosenBackend === undefined && machine.isRoot() &&
    usesApt(machine.osRelease());
}

async function setupLinux(machine: Machine): Promise<boolean> {
  let vulkan = await machine.findAdapter("vulkan");
  // A GPU that has OpenGL alone is better than Vulkan on the CPU.
  const openGl = vulkan ? undefined : await machine.findAdapter("gl");
  const needsDriver = !vulkan && !(openGl && !isSoftware(openGl as GPUAdapterInfo));
  if (needsDriver && canInstall(machine)) vulkan = await installDriver(machine);
  if (vulkan) machine.say(describe(vulkan));
  else if (openGl && !needsDriver) machine.say(`${describe(openGl)}, by OpenGL`);
  else advise(machine, openGl);
  return vulkan !== undefined || openGl !== undefined;
}

/**
 * Looks for a GPU adapter, installs a driver or says what to install, and prints what there is.
 *
 * @returns whether WebGPU has an adapter
 */
export async function setup(machine: Machine): Promise<boolean> {
  const { chosenBackend } = machine;
  if (machine.os === "linux" && chosenBackend === undefined) return await setupLinux(machine);
  const adapter = await machine.findAdapter();
  if (adapter) machine.say(describe(adapter));
  else if (chosenBackend === undefined) advise(machine, undefined);
  else {
    const chosen = `DENO_WEBGPU_BACKEND=${chosenBackend}`;
    machine.say(`note: WebGPU finds no adapter by ${chosen}: unset it to look for others`);
  }
  return adapter !== undefined;
}

/**
 * What tasks begin with once their flags are parsed: installs a driver on a machine that has none,
 * if {@linkcode setup} can. Then this process gives up its permission to run
 * other programs, with which it began.
 *
 * @param backend what `--backend` says; nothing is installed for the CPU backend
 * @param options whether it may still run `deno`, and the machine to work on
 */
export async function setUp(
  backend?: BackendName,
  { keepDeno = false, machine = thisMachine }: {
    readonly keepDeno?: boolean;
    readonly machine?: Machine;
  } = {},
): Promise<void> {
  // Else there is nothing to install, and start() says what it finds.
  if (backend !== "cpu" && canInstall(machine) && !machine.hasDriver()) await setup(machine);
  await (keepDeno ? machine.revokeRun(APT_GET) : machine.revokeRun());
}

/** What the task takes. */
export const command = {
  name: "setup",
  summary: "Looks for a GPU adapter for WebGPU. If there is none, installs a Vulkan driver on " +
    "Debian and Ubuntu if it runs as root, and says elsewhere what to install. Other tasks work " +
    "without an adapter too, on the CPU.",
  flags: { strict: toggle({ help: "exit with code 1 if there is no adapter in the end" }) },
  examples: [
    ["deno task setup", "look for an adapter, and install or advise"],
    ["deno task setup --strict", "the same in a script that needs an adapter"],
  ],
} as const;

if (import.meta.main) {
  await runCommand(command, Deno.args, async ({ strict }) => {
    quietVulkan();
    const found = await setup(thisMachine);
    // Else 0: the tests depend on this task, and fall back to the CPU.
    if (strict && !found) {
      throw new Error("Cannot set up WebGPU: there must be an adapter, got none");
    }
  });
}
