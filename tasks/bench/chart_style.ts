// What the bench's pictures have in common.
import type { PeerName } from "./peers/peers.ts";
import type { BenchRecord } from "./record.ts";

/** What ECharts is told. */
export type Option = Record<string, unknown>;

const FONT = "Helvetica, Arial, sans-serif";
/** Color of text. */
export const INK = "#24292f";
const MUTED = "#57606a";
/** Color of lines behind the figures. */
export const RULE = "#e4e8ec";

/** Each peer's color: Okabe and Ito's, told apart under every color blindness. */
export const COLORS: Readonly<Record<PeerName, string>> = {
  "neocog-jit": "#0072b2",
  "neocog": "#56b4e9",
  "jax-webgpu": "#d55e00",
  "tfjs-webgpu": "#009e73",
  "jax-wasm": "#e69f00",
  "tfjs-cpu": "#999999",
};

/** How an axis is named. */
export const NAME = { nameLocation: "middle", nameTextStyle: { color: MUTED, fontSize: 12 } };

/** What all charts have: a heading, and a line below it. */
export function chartFrame(title: string, subtext: string): Option {
  return {
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT, fontSize: 12 },
    title: {
      text: title,
      subtext,
      left: 16,
      top: 12,
      textStyle: { color: INK, fontWeight: "bold", fontSize: 17 },
      subtextStyle: { color: MUTED, fontSize: 11 },
    },
  };
}

/** Where the figures come from. */
export function whereOf({ adapter, machine }: BenchRecord): string {
  return `${adapter}; ${machine.cpus} cores, ${machine.os} ${machine.arch}`;
}
