// What setup does on machines with and without drivers, rights and package managers.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { setUp, setup } from "../../tasks/setup.ts";
import { installAdvice, usesApt } from "../../lib/device/install_advice.ts";
import type { Adapter, Machine } from "../../tasks/setup/machine.ts";

const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n';
const MINT = 'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n';
const FEDORA = "ID=fedora\n";

const LAVAPIPE: Adapter = { description: "llvmpipe (LLVM 15.0.6)", isFallbackAdapter: true };
const GPU: Adapter = { description: "Intel(R) UHD Graphics 620", isFallbackAdapter: false };

const UPDATE = "/usr/bin/apt-get -o DPkg::Lock::Timeout=120 update";
const INSTALL = "/usr/bin/apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends " +
  "mesa-vulkan-drivers libvulkan1";
const INSTALLING = "No Vulkan driver: installing Debian's, which has one for the CPU too";

type Setting = {
  os?: string;
  chosenBackend?: string;
  osRelease?: string;
  isRoot?: boolean;
  vulkan?: Adapter;
  gl?: Adapter;
  /** The Vulkan adapter that is there after an installation. */
  installed?: Adapter;
  hasDriver?: boolean;
  /** Exit codes of apt-get by its subcommand; 0 if absent. */
  codes?: Record<string, number | undefined>;
};

/** A machine, what it was made to print and run, and the permissions that were given up. */
type PictureProgress = { machine: Machine; said: string[]; ran: string[]; revoked: unknown[] };

function machineOf(setting: Setting): PictureProgress {
  const [said, ran, revoked]: [string[], string[], unknown[]] = [[], [], []];
  const machine: Machine = {
    os: setting.os ?? "linux",
    chosenBackend: setting.chosenBackend,
    osRelease: () => setting.osRelease ?? DEBIAN,
    isRoot: () => setting.isRoot ?? false,
    hasDriver: () => setting.hasDriver ?? false,
    findAdapter(backend): Promise<Adapter | undefined> {
      if (backend === "gl") return Promise.resolve(setting.gl);
      return Promise.resolve(ran.includes(INSTALL) ? setting.installed : setting.vulkan);
    },
    run(command, ...args): Promise<number | undefined> {
      ran.push([command, ...args].join(" "));
      const { codes = {} } = setting;
      return Promise.resolve(args[2]! in codes ? codes[args[2]!] : 0);
    },
    revokeRun: (command) => Promise.resolve(revoked.push(command)),
    say: (line) => void said.push(line),
  };
  return { machine, said, ran, revoked };
}

/** Sets up a machine, and returns what was found, printed and run. */
async function run(setting: Setting): Promise<{ found: boolean; said: string[]; ran: string[] }> {
  const { machine, said, ran } = machineOf(setting);
  return { found: await setup(machine), said, ran };
}

Deno.test("setup says in one line which adapter there is, and runs nothing", async () => {
  assertEquals(await run({ vulkan: GPU, isRoot: true }), {
    found: true,
    said: ["WebGPU: Intel(R) UHD Graphics 620"],
    ran: [],
  });
  assertEquals((await run({ vulkan: LAVAPIPE })).said, [
    "WebGPU: llvmpipe (LLVM 15.0.6), a software driver on the CPU",
  ]);
  assertEquals((await run({ vulkan: GPU, os: "darwin" })).said, [
    "WebGPU: Intel(R) UHD Graphics 620",
  ]);
});

Deno.test("setup installs Debian's driver as root, and looks again in a new process", async () => {
  for (const gl of [undefined, LAVAPIPE]) {
    const outcome = await run({ isRoot: true, gl, installed: LAVAPIPE });
    assertEquals(outcome, {
      found: true,
      said: [
        INSTALLING,
        `$ ${UPDATE}`,
        `$ ${INSTALL}`,
        "WebGPU: llvmpipe (LLVM 15.0.6), a software driver on the CPU",
      ],
      ran: [UPDATE, INSTALL],
    });
  }
});

Deno.test("setup installs even if the package lists cannot be updated", async () => {
  const { found, said } = await run({ isRoot: true, installed: GPU, codes: { update: 100 } });
  assertEquals(found, true);
  assertStringIncludes(said.join("\n"), "/usr/bin/apt-get failed with exit code 100");
});

Deno.test("setup falls back to the CPU, with advice, if the installation fails", async () => {
  for (const code of [100, undefined]) {
    const { found, said } = await run({ isRoot: true, codes: { update: code, install: code } });
    const failure = code === undefined
      ? "/usr/bin/apt-get is not there, or may not be run"
      : "/usr/bin/apt-get failed with exit code 100";
    assertEquals(found, false);
    assertEquals(said.slice(1), [
      `$ ${UPDATE}`,
      failure,
      `$ ${INSTALL}`,
      failure,
      "note: WebGPU finds no adapter here; install a Vulkan driver with: " +
      "apt-get install -y mesa-vulkan-drivers libvulkan1",
      "note: until then, tasks run on the CPU backend, which is much slower",
    ]);
  }
});

Deno.test("setup does not claim an adapter that an installation did not bring", async () => {
  const { found, said } = await run({ isRoot: true });
  assertEquals(found, false);
  assertStringIncludes(said.at(-1)!, "tasks run on the CPU backend");
});

Deno.test("setup installs nothing without root, or without apt", async () => {
  for (const setting of [{ isRoot: false }, { isRoot: true, osRelease: FEDORA }]) {
    const { found, ran, said } = await run(setting);
    assertEquals([found, ran, said.length], [false, [], 2]);
  }
  assertEquals((await run({ gl: LAVAPIPE })).said, [
    "WebGPU: llvmpipe (LLVM 15.0.6), a software driver on the CPU, by OpenGL, " +
    "which takes long to compile kernels",
    "note: for a faster start, install a Vulkan driver with: " +
    "sudo apt-get install -y mesa-vulkan-drivers libvulkan1",
  ]);
});

Deno.test("setup leaves a GPU that has OpenGL alone as it is", async () => {
  assertEquals(await run({ isRoot: true, gl: GPU }), {
    found: true,
    said: ["WebGPU: Intel(R) UHD Graphics 620, by OpenGL"],
    ran: [],
  });
});

Deno.test("setup does not look past the backend that the user has chosen", async () => {
  assertEquals(await run({ isRoot: true, chosenBackend: "gl" }), {
    found: false,
    said: ["note: WebGPU finds no adapter by DENO_WEBGPU_BACKEND=gl: unset it to look for others"],
    ran: [],
  });
});

Deno.test("a task installs a driver only if it can and there is none, and then may run nothing", async () => {
  const ranBy = async (setting: Setting, backend?: "cpu" | "webgpu"): Promise<unknown[]> => {
    const { machine, ran, revoked } = machineOf(setting);
    await setUp(backend, { machine });
    assertEquals(revoked, [undefined]);
    return ran;
  };
  assertEquals(await ranBy({ isRoot: true, installed: LAVAPIPE }), [UPDATE, INSTALL]);
  assertEquals(await ranBy({ isRoot: true, vulkan: GPU }), []);
  assertEquals(await ranBy({ isRoot: true, hasDriver: true }), []);
  assertEquals(await ranBy({ isRoot: true }, "cpu"), []);
  assertEquals(await ranBy({ isRoot: false }), []);
  assertEquals(await ranBy({ isRoot: true, osRelease: FEDORA }), []);
  assertEquals(await ranBy({ isRoot: true, chosenBackend: "vulkan" }), []);
  const { machine, revoked } = machineOf({});
  await setUp(undefined, { machine, keepDeno: true });
  assertEquals(revoked, ["/usr/bin/apt-get"]);
});

Deno.test("installAdvice knows the distributions by ID and ID_LIKE", () => {
  const advice = (osRelease: string): string => installAdvice("linux", osRelease, false);
  const apt =
    "install a Vulkan driver with: sudo apt-get install -y mesa-vulkan-drivers libvulkan1";
  assertEquals(advice(DEBIAN), apt);
  assertEquals(advice(MINT), apt);
  assertEquals(installAdvice("linux", DEBIAN, true), apt.replace("sudo ", ""));
  assertStringIncludes(advice(FEDORA), "sudo dnf install -y mesa-vulkan-drivers vulkan-loader");
  assertStringIncludes(advice("ID='rocky'\nID_LIKE='rhel centos fedora'"), "sudo dnf install");
  assertStringIncludes(advice("ID=arch"), "sudo pacman -S vulkan-swrast vulkan-icd-loader");
  assertStringIncludes(advice("ID=alpine"), "sudo apk add mesa-vulkan-swrast vulkan-loader");
  assertStringIncludes(advice("ID=nixos"), "with this system's package manager");
  assertStringIncludes(advice(""), "with this system's package manager");
  assertStringIncludes(installAdvice("darwin", "", false), "update macOS");
  assertStringIncludes(installAdvice("windows", "", false), "graphics driver");
});

Deno.test("usesApt is true of Debian and what is like it", () => {
  assertEquals([DEBIAN, MINT, FEDORA, ""].map(usesApt), [true, true, false, false]);
});
