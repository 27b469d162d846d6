// Networks as lists of operations, for writers of files.

export { lower, padImage, withoutGaps } from "./lower.ts";
export { type End, type Program, programOf, type Step } from "./program.ts";
