// What to install where no GPU adapter is found.

/** One sentence on how to get a WebGPU adapter on this system. */
export function driverAdvice(): string {
  return Deno.build.os === "linux" ? "Install a Vulkan driver." : "Update the graphics driver.";
}
