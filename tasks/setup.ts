// `deno task setup`: sees to it that WebGPU finds an adapter, or says what would help.
import { runCommand, toggle } from "./command.ts";
import { installAdvice, usesApt } from "../lib/device/install_advice.ts";
import { type Adapter, type Machine, thisMachine } from "./setup/machine.ts";
import { quietVulkan } from "../lib/device/vulkan.ts";
import { isSoftware } from "../lib/device/adapter.ts";

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

/** Installs Debian's software driver, and answers with the adapter that a new process finds. */
async function installDriver(machine: Machine): Promise<Adapter | undefined> {
  machine.say("No Vulkan driver: installing Debian's, which has one for the CPU too");
  // Lists that could not be renewed may still do.
  await runAptGet(machine, "update");
  const options = ["-y", "--no-install-recommends"];
  if (!await runAptGet(machine, "install", ...options, ...DEBIAN_PACKAGES)) return undefined;
  return await machine.findAdapterAnew("vulkan");
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

async function setupLinux(machine: Machine): Promise<boolean> {
  let vulkan = await machine.findAdapter("vulkan");
  // A GPU that has OpenGL alone is better than Vulkan on the CPU.
  const openGl = vulkan ? undefined : await machine.findAdapterAnew("gl");
  const needsDriver = !vulkan && !(openGl && !isSoftware(openGl as GPUAdapterInfo));
  const canInstall = machine.isRoot() && usesApt(machine.osRelease());
  if (needsDriver && canInstall) vulkan = await installDriver(machine);
  if (vulkan) machine.say(describe(vulkan));
  else if (openGl && !needsDriver) machine.say(`${describe(openGl)}, by OpenGL`);
  else advise(machine, openGl);
  return vulkan !== undefined || openGl !== undefined;
}

/**
 * Looks for a GPU adapter, installs or advises where that would help, and says
 * in a line or two what there is.
 *
 * @param machine the machine to work on
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

const command = {
  name: "setup",
  summary: "Sees to it that WebGPU finds an adapter: installs a Vulkan driver on Debian and " +
    "Ubuntu where it runs as root, and says elsewhere how to. Tasks work without, on the CPU.",
  flags: { strict: toggle({ help: "exit with 1 where there is still no adapter" }) },
  examples: [["deno task setup", "look, install or advise"]],
} as const;

if (import.meta.main) {
  await runCommand(command, Deno.args, async ({ strict }) => {
    quietVulkan();
    const found = await setup(thisMachine);
    // Else 0, as train and test depend on this task and fall back to the CPU.
    if (strict && !found) throw new Error("Cannot go on: WebGPU finds no adapter");
  });
}
