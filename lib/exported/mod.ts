// Networks as lists of operations, for writers of files.

export { FUNCTION_NAMES, type FunctionNames, type Lowered, lowered } from "./lowered.ts";
export { withoutGaps } from "./lower_windows.ts";
export { bytesOf, halved, isLarge, resized, turned } from "./numbers.ts";
export { type End, type Program, programOf, type Step } from "./program.ts";
