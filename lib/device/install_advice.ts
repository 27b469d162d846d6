// Which command installs a Vulkan driver on this system.

/** Package managers by the `ID` or `ID_LIKE` of their distributions, with what they are to install. */
const INSTALLERS: readonly (readonly [ids: readonly string[], command: string])[] = [
  [["debian", "ubuntu"], "apt-get install -y mesa-vulkan-drivers libvulkan1"],
  [["fedora", "rhel", "centos"], "dnf install -y mesa-vulkan-drivers vulkan-loader"],
  [["arch"], "pacman -S vulkan-swrast vulkan-icd-loader"],
  [["alpine"], "apk add mesa-vulkan-swrast vulkan-loader"],
];

/** The distribution's own `ID`, then those it is like, from the text of /etc/os-release. */
function distributionIds(osRelease: string): string[] {
  const value = (name: string): string[] => {
    const line = new RegExp(`^${name}=["']?([^"'\\n]*)`, "m").exec(osRelease);
    return line ? line[1]!.toLowerCase().split(/\s+/).filter((id) => id !== "") : [];
  };
  return [...value("ID"), ...value("ID_LIKE")];
}

/** Whether a distribution installs with apt. */
export function usesApt(osRelease: string): boolean {
  return distributionIds(osRelease).some((id) => id === "debian" || id === "ubuntu");
}

/**
 * What to do on this system to get a GPU adapter.
 *
 * @param os the operating system, as `Deno.build.os`
 * @param isRoot whether commands run with all rights already
 * @returns one sentence without a full stop, with the command where there is one
 */
export function installAdvice(os: string, osRelease: string, isRoot: boolean): string {
  if (os === "darwin") return "WebGPU needs Metal: update macOS";
  if (os === "windows") return "WebGPU needs Direct3D 12: update Windows and the graphics driver";
  if (os === "browser") {
    return "this browser offers none: WebGPU needs a current Chrome, Edge, Safari or Firefox, and a page by https or from localhost";
  }
  const ids = distributionIds(osRelease);
  const known = ids.map((id) => INSTALLERS.find(([names]) => names.includes(id)))
    .find((each) => each !== undefined);
  if (!known) {
    return "install the Vulkan loader and Mesa's Vulkan drivers with this system's package manager";
  }
  return `install a Vulkan driver with: ${isRoot ? "" : "sudo "}${known[1]}`;
}

/**
 * {@linkcode installAdvice} for the system this runs on, as far as the
 * permissions granted let it be known; it never prompts.
 */
export function adviceForThisSystem(): string {
  const granted = (descriptor: Deno.PermissionDescriptor): boolean =>
    Deno.permissions.querySync(descriptor).state === "granted";
  const isLinux = Deno.build.os === "linux";
  const mayRead = isLinux && granted({ name: "read", path: "/etc/os-release" });
  const isRoot = isLinux && granted({ name: "sys", kind: "uid" }) && Deno.uid() === 0;
  return installAdvice(Deno.build.os, mayRead ? readOsRelease() : "", isRoot);
}

/** The text of /etc/os-release; "" where there is none. */
export function readOsRelease(): string {
  try {
    return Deno.readTextFileSync("/etc/os-release");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
