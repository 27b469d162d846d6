// Costs of a piece of code on the device.

export * from "./counters.ts";
export { profile, type ProfileEntry } from "./profile.ts";
