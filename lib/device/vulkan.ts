// Settings of Vulkan's that have to be made before the first use of WebGPU.

/** Where Linux lists its Vulkan drivers. */
const DRIVERS = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];

/**
 * Spares the reader "error: XDG_RUNTIME_DIR is invalid or not set", which
 * libwayland prints, twice, when Mesa's device-selection layer asks it for a
 * display and nobody is logged in, as in containers. The directory need not exist.
 *
 * Call it before the first use of `navigator.gpu`. It never prompts: without
 * the permission `--allow-env=XDG_RUNTIME_DIR` it does nothing.
 */
export function quietVulkan(): void {
  if (Deno.build.os === "linux") setUnlessSet("XDG_RUNTIME_DIR", "/nonexistent");
}

/**
 * Quiets Vulkan and, on Linux with a Vulkan driver, keeps Deno from loading OpenGL
 * beside it: when the process exits, glvnd's libEGL frees its list of threads, while
 * a thread that ends (a worker's, or a file's of `deno test`) frees its own entry of
 * that list. Then glibc reports "double free or corruption", and the exit code is 134.
 *
 * Call it before the first use of `navigator.gpu`. It never prompts: without the
 * permissions to set `DENO_WEBGPU_BACKEND` and to look for a driver it does nothing.
 */
export function prepareVulkan(): void {
  quietVulkan();
  if (Deno.build.os === "linux" && hasDriver()) setUnlessSet("DENO_WEBGPU_BACKEND", "vulkan");
}

function isGranted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

function setUnlessSet(variable: string, value: string): void {
  if (!isGranted({ name: "env", variable }) || Deno.env.get(variable)) return;
  Deno.env.set(variable, value);
}

function hasDriver(): boolean {
  return DRIVERS.some((path) => {
    if (!isGranted({ name: "read", path })) return false;
    try {
      return [...Deno.readDirSync(path)].length > 0;
    } catch {
      return false;
    }
  });
}
