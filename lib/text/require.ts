// Refuses arguments that break a rule.
import { nameHere, plainName } from "./foreign_options.ts";
import { unknownName } from "./nearest.ts";
import { describeValue } from "./value.ts";

/**
 * Refuses a value that breaks a rule.
 *
 * @param action what cannot be done, such as `make a conv layer`
 * @param rule the rule, such as `its rate must be below 1`
 * @param holds whether the value keeps the rule
 * @throws {RangeError} if it does not
 */
export function requireRange(action: string, rule: string, holds: boolean, value: unknown): void {
  if (holds) return;
  throw new RangeError(`Cannot ${action}: ${rule}, got ${value}`);
}

/** A value, of which a text is told from the number that it writes. */
function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : `${value}`;
}

/**
 * Refuses a value that is not a whole number in a range.
 *
 * @param action what cannot be done, such as `make a conv layer`
 * @param name the name of the value, such as `its stride`
 * @param least the smallest allowed value. Default: 1
 * @param most the largest allowed value. Default: no limit
 * @throws {RangeError} if it is not such a number
 */
export function requireWhole(
  action: string,
  name: string,
  value: unknown,
  least = 1,
  most = Infinity,
): number {
  const range = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
  const holds = Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  requireRange(action, `${name} must be a whole number ${range}`, holds, quoted(value));
  return value as number;
}

/**
 * Refuses a value that is not a finite number above 0.
 *
 * @param action what cannot be done, such as `make adam`
 * @param name the name of the value, such as `its learning rate`
 * @throws {RangeError} if it is not such a number
 */
export function requirePositive(action: string, name: string, value: unknown): number {
  const holds = Number.isFinite(value) && (value as number) > 0;
  requireRange(action, `${name} must be a finite number above 0`, holds, quoted(value));
  return value as number;
}

/**
 * Refuses a value that is not from 0 up to but not including 1.
 *
 * @param action what cannot be done, such as `make sgd`
 * @param name the name of the value, such as `its momentum`
 * @throws {RangeError} if it is not such a number
 */
export function requireShare(action: string, name: string, value: number): void {
  requireRange(
    action,
    `${name} must be from 0 up to but not including 1`,
    value >= 0 && value < 1,
    value,
  );
}

/**
 * Refuses a value that is not one of some choices.
 *
 * @param action what cannot be done, such as `make VGG`
 * @param name the name of the value, such as `its head`
 * @throws {RangeError} if it is not one of them
 */
export function requireOneOf(
  action: string,
  name: string,
  choices: readonly unknown[],
  value: unknown,
): void {
  if (choices.includes(value)) return;
  const [last, ...others] = choices.map(quoted).reverse();
  const list = others.length > 0 ? `${others.reverse().join(", ")} or ${last}` : last;
  throw new RangeError(`Cannot ${action}: ${name} must be ${list}, got ${quoted(value)}`);
}

type NamesOf<O> = O extends unknown ? keyof O : never;

/** The names of options as keys, all of them and no others; of unions those of every form. */
export type OptionNames<O> = Readonly<Record<NamesOf<NonNullable<O>>, true>>;

/**
 * Refuses an option that is not known, so that a misspelt one is not passed over. Every function that
 * takes options begins with it, before it looks at its other arguments.
 *
 * @param action what cannot be done, such as `fit`
 * @param options the options as they are given
 * @param known the known names, as keys: those of the type of `options`, if it has any
 * @param elsewhere what belongs elsewhere, by its name without underscores in small letters, and where
 * @throws {TypeError} naming the nearest known one, or if the options are no record
 */
export function requireOptions<O>(
  action: string,
  options: O,
  known: OptionNames<O>,
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  if (options === undefined) return;
  const isRecord = typeof options === "object" && options !== null && !Array.isArray(options);
  if (!isRecord || "dataId" in options || options instanceof Promise) {
    throw new TypeError(
      `Cannot ${action}: its options must be a record, such as { ${
        Object.keys(known)[0]
      }: … }, got ${describeValue(options)}`,
    );
  }
  const wrong = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (wrong === undefined) return;
  const names = Object.keys(known);
  const place = elsewhere[plainName(wrong)];
  throw new TypeError(
    `Cannot ${action}: ${
      place === undefined
        ? unknownName("option", wrong, names, nameHere(wrong, names))
        : `unknown option ${JSON.stringify(wrong)}: ${place}`
    }`,
  );
}

/**
 * Refuses what are not scores of classes: of a single one, softmax is always 1 and its loss 0.
 *
 * @param action what cannot be done, such as `classify`
 * @param shape shape of the scores, `[N, classes]`
 * @throws {TypeError} if there are not two axes, or fewer than two classes
 */
export function requireClassScores(action: string, shape: readonly (number | string)[]): void {
  if (shape.length === 2 && Number(shape[1]) >= 2) return;
  throw new TypeError(
    `Cannot ${action}: there must be a score for each of at least two classes, [N, classes], got [${shape}]${
      shape.at(-1) === 1 ? ". Of a yes or no make two classes, with two outputs" : ""
    }`,
  );
}

/**
 * Refuses what is not a network, a model with its parameters.
 *
 * @param action what cannot be done, such as `predict`
 * @param network what should be one
 * @throws {TypeError} if there is no model or there are no parameters, as in a model by itself
 */
export function requireNetwork(action: string, network: unknown): void {
  const { model, params } = (network ?? {}) as {
    readonly model?: unknown;
    readonly params?: unknown;
  };
  if (model && params !== undefined) return;
  const isModel = typeof (network as { readonly apply?: unknown } | null)?.apply === "function";
  throw new TypeError(
    `Cannot ${action}: the first argument must be a network, { model, params, state }, as open, init and the reports of fit return, got ${
      isModel ? "a model, without params" : describeValue(network)
    }`,
  );
}
