// Gradients of a plain reference by central differences: in double precision exact to nine digits.
import type { GradientReference, Trial } from "./subject.ts";

/** Half the distance of the two points. */
const STEP = 1e-4;

/** The gradients of a trial's reference, as far as its inputs are not constant. */
export function differences({ inputs, reference }: Trial): GradientReference {
  return (weights, ...numbers) => {
    const value = (): number => {
      let sum = 0;
      for (const [i, y] of reference(...numbers).entries()) sum += y * weights[i]!;
      return sum;
    };
    return numbers.flatMap((values, which) => {
      if (inputs[which]!.isConstant) return [];
      return [Float64Array.from(values, (x, i) => {
        values[i] = x + STEP;
        const above = value();
        values[i] = x - STEP;
        const below = value();
        values[i] = x;
        return (above - below) / (2 * STEP);
      })];
    });
  };
}
