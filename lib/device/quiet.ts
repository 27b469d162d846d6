// Keeps Mesa's Vulkan driver from printing errors that are none.

/**
 * Spares the reader "error: XDG_RUNTIME_DIR is invalid or not set", which
 * libwayland prints, twice, when Mesa's device-selection layer asks it for a
 * display: wherever nobody is logged in, as in containers. The directory need
 * not exist; then there is no display in it, which is so.
 *
 * Call it before the first use of `navigator.gpu`. It never prompts: without
 * the permission `--allow-env=XDG_RUNTIME_DIR` it does nothing.
 */
export function quietVulkan(): void {
  if (Deno.build.os !== "linux") return;
  const permission = { name: "env", variable: "XDG_RUNTIME_DIR" } as const;
  if (Deno.permissions.querySync(permission).state !== "granted") return;
  if (!Deno.env.get("XDG_RUNTIME_DIR")) Deno.env.set("XDG_RUNTIME_DIR", "/nonexistent");
}
