// Numbers that a file has or that are computed from them while it is read.

/** Numbers that do not depend on the network's input. They are decoded when they are asked for. */
export type Constant = {
  readonly dims: readonly number[];
  /** Whether whole numbers are meant, which are divided without a rest. */
  readonly isWhole: boolean;
  /** The number that all are, if they are one, so that none needs memory. */
  readonly fill?: number;
  values(): ArrayLike<number>;
};

/** A constant of numbers. */
export function constant(
  dims: readonly number[],
  numbers: ArrayLike<number>,
  isWhole: boolean,
): Constant {
  return { dims, isWhole, values: () => numbers };
}
