// Processes that work together: mpirun's ranks, on one machine or on many.
export { type JoinOptions, joinWorld } from "./join.ts";
export type { Reduced, Reduction, Traffic, World } from "./world.ts";
