// What the bench's pictures have in common.
import { chartFrame, type Option } from "../../lib/chart/plot.ts";
import { COLORS } from "../../lib/chart/style.ts";
import type { PeerName } from "./peers/peers.ts";
import type { BenchRecord } from "./record.ts";

/** Each peer's color. */
export const PEER_COLORS: Readonly<Record<PeerName, string>> = {
  "neocog-jit": COLORS.blue,
  "neocog": COLORS.sky,
  "jax-webgpu": COLORS.vermilion,
  "tfjs-webgpu": COLORS.green,
  "jax-wasm": COLORS.orange,
  "tfjs-cpu": COLORS.gray,
};

/** A heading, and below it a line that says where the figures come from. */
export function benchFrame(title: string, what: string, record: BenchRecord): Option {
  const { adapter, machine } = record;
  const where = `${adapter}; ${machine.cpus} cores, ${machine.os} ${machine.arch}`;
  return chartFrame(title, `${what}; ${where}`);
}
