// How long a dispatch takes on the chip of the model, by what limits it.
import type { Cost } from "./assembly.ts";

/** An RX 6800 XT: compute units of two SIMDs, cycles and bytes of memory in a microsecond. */
export const CHIP = { units: 72, simds: 144, cycles: 2250, bytes: 512_000 } as const;

/** Microseconds from one dispatch to the next that needs it, which nothing that it computes undercuts. */
const LAUNCH = 5;

/** What limits a dispatch: its waiting is for what its waves ask for, with too few of them beside. */
export const LIMITS = ["launch", "memory", "arithmetic", "waiting"] as const;
export type Limit = typeof LIMITS[number];

/** What is known of a dispatch. */
export type DispatchCost = {
  readonly workgroups: number;
  readonly workgroupSize: number;
  /** Waves that a SIMD holds at a time. */
  readonly waves: number;
  /** Of a wave, from its beginning to its end. */
  readonly wave: Cost;
  /** Of all tensors bound. */
  readonly bytes: number;
};

/**
 * The time of a dispatch. The unit with the most workgroups is waited for; as many of its waves as
 * fit run at a time, and take as long as its most used unit has to do, or as one of them takes alone.
 */
export function dispatchTime(
  { workgroups, workgroupSize, waves, wave, bytes }: DispatchCost,
): { readonly microseconds: number; readonly limit: Limit } {
  const wavesOfGroup = Math.ceil(workgroupSize / 64);
  const total = Math.ceil(workgroups / CHIP.units) * wavesOfGroup / 2;
  const together = Math.min(Math.max(1, waves), Math.max(1, total));
  const rounds = Math.max(1, total / together);
  const issue = Math.max(wave.valu, wave.lds, wave.global, wave.scalar);
  const alone = wave.valu + wave.scalar + wave.waits;
  const arithmetic = rounds * together * issue / CHIP.cycles;
  const waiting = rounds * alone / CHIP.cycles;
  const memory = bytes / CHIP.bytes;
  const times: Record<Limit, number> = { launch: LAUNCH, memory, arithmetic, waiting };
  const limit = LIMITS.reduce((most, one) => times[one] > times[most] ? one : most);
  return { microseconds: times[limit], limit };
}
