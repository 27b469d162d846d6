// Costs of a piece of code on the device, and work that survives its loss.

export { compileBeside } from "./compile_beside.ts";
export * from "./counters.ts";
export { profile, type ProfileEntry } from "./profile.ts";
export * from "./recover.ts";
