// The machine that setup works on: looks for adapters, runs commands, prints.
import { readOsRelease } from "../../lib/device/install_advice.ts";
import { say } from "../command/say.ts";

/** The parts of a WebGPU adapter's description that are printed. */
export type Adapter = { readonly description: string; readonly isFallbackAdapter: boolean };

/** The graphics interfaces of Deno's WebGPU on Linux. */
export type Backend = "vulkan" | "gl";

/** The machine that setup works on; tests put another in its place. */
export type Machine = {
  readonly os: string;
  /** The interface that the user has chosen, if any; setup then looks at no other. */
  readonly chosenBackend: string | undefined;
  /** The text of /etc/os-release; "" if there is none. */
  osRelease(): string;
  isRoot(): boolean;
  /** Whether the driver that setup would install is there. */
  hasDriver(): boolean;
  /** The adapter that a new process finds: a process reads the drivers once. */
  findAdapter(backend?: Backend): Promise<Adapter | undefined>;
  /** Runs a command with its output on stderr; its exit code, or `undefined` if it is not there. */
  run(command: string, ...args: string[]): Promise<number | undefined>;
  /** Gives up this process's permission to run a command, or all commands. */
  revokeRun(command?: string): Promise<unknown>;
  /** Prints a line. */
  say(line: string): void;
};

/** The variable that selects Deno's graphics interface; it is read at the first use of WebGPU. */
const BACKEND = "DENO_WEBGPU_BACKEND";

/** Deno runs no command by `--allow-run=NAME` while these are set, as on CUDA machines. */
const NO_LOADER_SETTINGS = { LD_LIBRARY_PATH: "", LD_PRELOAD: "" };

/** For `deno eval`: prints this process's adapter as JSON, or null. */
const PROBE = `
  const info = (await navigator.gpu?.requestAdapter())?.info;
  console.log(JSON.stringify(info
    ? { description: info.description, isFallbackAdapter: info.isFallbackAdapter }
    : null));`;

/** The outcome of spawning a command, or `undefined` if the command is not there. */
async function ifThere<Outcome>(spawn: () => Promise<Outcome>): Promise<Outcome | undefined> {
  try {
    return await spawn();
  } catch (error) {
    // A command that is missing when Deno starts is not granted by `--allow-run` either.
    const { NotFound, NotCapable } = Deno.errors;
    if (error instanceof NotFound || error instanceof NotCapable) return undefined;
    throw error;
  }
}

async function findAdapter(backend?: Backend): Promise<Adapter | undefined> {
  // By name, as `--allow-run=deno` grants what is on the PATH: under npx that is not execPath().
  const outcome = await ifThere(() =>
    new Deno.Command("deno", {
      args: ["eval", "--no-config", PROBE],
      env: { ...NO_LOADER_SETTINGS, ...(backend ? { [BACKEND]: backend } : {}) },
      stdin: "null",
      stderr: "null",
    }).output()
  );
  const text = new TextDecoder().decode(outcome?.stdout).trim();
  return text === "" ? undefined : JSON.parse(text) ?? undefined;
}

/** Whether Mesa's driver for the CPU is among the installed Vulkan drivers. */
function hasDriver(): boolean {
  try {
    return [...Deno.readDirSync("/usr/share/vulkan/icd.d")].some(({ name }) => /^lvp_/.test(name));
  } catch {
    return false;
  }
}

function run(command: string, ...args: string[]): Promise<number | undefined> {
  return ifThere(async () => {
    const child = new Deno.Command(command, {
      args,
      env: { ...NO_LOADER_SETTINGS, DEBIAN_FRONTEND: "noninteractive" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    // Not to our stdout: `deno task train --json` promises JSON there.
    for await (const chunk of child.stdout) await Deno.stderr.write(chunk);
    return (await child.status).code;
  });
}

/** This machine. Everything is printed to stderr. */
export const thisMachine: Machine = {
  os: Deno.build.os,
  get chosenBackend(): string | undefined {
    return Deno.env.get(BACKEND) || undefined;
  },
  osRelease: readOsRelease,
  isRoot: () => Deno.build.os === "linux" && Deno.uid() === 0,
  hasDriver,
  findAdapter,
  run,
  revokeRun: (command) => Deno.permissions.revoke({ name: "run", ...(command ? { command } : {}) }),
  say,
};
