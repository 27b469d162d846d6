// What setup does to this machine: look for adapters, run commands, print.
import { readOsRelease } from "../../lib/device/install_advice.ts";

/** The parts of a WebGPU adapter's description that are printed. */
export type Adapter = { readonly description: string; readonly isFallbackAdapter: boolean };

/** The interfaces that Deno's WebGPU can drive on Linux. */
export type Backend = "vulkan" | "gl";

/** The machine that setup works on; tests put another in its place. */
export type Machine = {
  readonly os: string;
  /** The interface that the user has chosen, if any; setup then leaves it at that. */
  readonly chosenBackend: string | undefined;
  /** The text of /etc/os-release; "" where there is none. */
  osRelease(): string;
  isRoot(): boolean;
  /** The adapter that this process finds; asked once, as drivers are read once. */
  findAdapter(backend?: Backend): Promise<Adapter | undefined>;
  /** The adapter that a new process finds, which reads the drivers anew. */
  findAdapterAnew(backend: Backend): Promise<Adapter | undefined>;
  /** Runs a command with its output on stderr; its exit code, or `undefined` where it is not there. */
  run(command: string, ...args: string[]): Promise<number | undefined>;
  /** Prints a line. */
  say(line: string): void;
};

/** The variable by which Deno is told which interface to drive; read at the first use of WebGPU. */
const BACKEND = "DENO_WEBGPU_BACKEND";

/** With only some commands granted, Deno starts none where these are set, as on CUDA machines. */
const NO_LOADER_SETTINGS = { LD_LIBRARY_PATH: "", LD_PRELOAD: "" };

/** For `deno eval`: prints this process's adapter as JSON, or null. */
const PROBE = `
  const info = (await navigator.gpu?.requestAdapter())?.info;
  console.log(JSON.stringify(info
    ? { description: info.description, isFallbackAdapter: info.isFallbackAdapter }
    : null));`;

async function findAdapter(backend?: Backend): Promise<Adapter | undefined> {
  if (backend !== undefined) Deno.env.set(BACKEND, backend);
  return (await navigator.gpu?.requestAdapter())?.info;
}

/** The outcome of spawning a command, or `undefined` where the command is not there. */
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

async function findAdapterAnew(backend: Backend): Promise<Adapter | undefined> {
  // By name, as `--allow-run=deno` grants what is on the PATH: under npx that is not execPath().
  const outcome = await ifThere(() =>
    new Deno.Command("deno", {
      args: ["eval", "--no-config", PROBE],
      env: { ...NO_LOADER_SETTINGS, [BACKEND]: backend },
      stdin: "null",
      stderr: "null",
    }).output()
  );
  const text = new TextDecoder().decode(outcome?.stdout).trim();
  return text === "" ? undefined : JSON.parse(text) ?? undefined;
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
  findAdapter,
  findAdapterAnew,
  run,
  say: (line) => console.error("%s", line),
};
