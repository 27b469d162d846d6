// Numbers in words.

/** Seconds as `8 s`, `1 min 5 s` or `2 h 3 min`. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A number with four significant digits; nothing for what is not there. */
export function digits(value) {
  if (value === undefined || value === null || !Number.isFinite(value)) return "";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5)
    ? value.toExponential(2)
    : `${Number(value.toPrecision(4))}`;
}

/** A share as percent. */
export function percent(share) {
  return share === undefined || share === null ? "" : `${(100 * share).toFixed(2)} %`;
}

/** A share as percent on an axis. */
export const briefPercent = (share) => `${Number((100 * share).toFixed(2))} %`;
