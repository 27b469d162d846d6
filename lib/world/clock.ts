// The clock, also where a function under jit may not read it: what waits for other ranks is no part of that.

/** Milliseconds, as performance.now() tells them. */
export const now: () => number = performance.now.bind(performance);
