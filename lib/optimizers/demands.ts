// What options of optimizers and schedules must be.

/**
 * @throws {RangeError} where a learning rate is not finite and above 0
 */
export function requireLearningRate(optimizer: string, rate: number): void {
  if (!(Number.isFinite(rate) && rate > 0)) {
    throw new RangeError(
      `Cannot make ${optimizer}: its learning rate must be a finite number above 0, got ${rate}`,
    );
  }
}

/**
 * @throws {RangeError} where an option is not from 0 up to but not including 1
 */
export function requireShare(optimizer: string, option: string, value: number): void {
  if (value >= 0 && value < 1) return;
  throw new RangeError(
    `Cannot make ${optimizer}: its ${option} must be from 0 up to but not including 1, got ${value}`,
  );
}

/**
 * @throws {RangeError} where an option is not finite and above 0
 */
export function requireAbove(optimizer: string, option: string, value: number): void {
  if (Number.isFinite(value) && value > 0) return;
  throw new RangeError(
    `Cannot make ${optimizer}: its ${option} must be a finite number above 0, got ${value}`,
  );
}

/**
 * @throws {RangeError} where an option is not a whole number from 1
 */
export function requireWhole(optimizer: string, option: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new RangeError(
    `Cannot make ${optimizer}: its ${option} must be a whole number of at least 1, got ${value}`,
  );
}

/**
 * @throws {RangeError} where an option is not from 0 to 1
 */
export function requireRatio(optimizer: string, option: string, value: number): void {
  if (value >= 0 && value <= 1) return;
  throw new RangeError(
    `Cannot make ${optimizer}: its ${option} must be from 0 to 1, got ${value}`,
  );
}
