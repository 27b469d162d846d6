// The plain TypeScript references have one home, which `deno task selftest` shares.
export * from "../../tasks/selftest/reference.ts";
