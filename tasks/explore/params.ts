// What a page asks for, which is checked before it is used.
import { unknownName } from "../../lib/text/nearest.ts";
import type { Said } from "../web/message.ts";

/** The parameters of a request. */
export type Params = {
  /** A text of at most 200 characters; `undefined` if it is absent. */
  text(name: string): string | undefined;
  /** One of some names; the first if it is absent. */
  choice<const Name extends string>(name: string, names: readonly Name[]): Name;
  /** A whole number within bounds; `undefined` if it is absent. */
  whole(name: string, least: number, most: number): number | undefined;
  /** A number within bounds; `undefined` if it is absent. */
  number(name: string, least: number, most: number): number | undefined;
  /** Whole numbers within bounds, each once; none if absent. */
  wholes(name: string, least: number, most: number): readonly number[];
};

function refuse(name: string, rule: string, value: unknown): never {
  const got = JSON.stringify(value)?.slice(0, 60) ?? "undefined";
  throw new RangeError(`Cannot use "${name}": it must be ${rule}, got ${got}`);
}

/** The parameters of a request, which came from outside. */
export function paramsOf(said: Said): Params {
  const valueOf = (name: string): unknown => {
    const value = Object.hasOwn(said, name) ? said[name] : undefined;
    return value === null || value === "" ? undefined : value;
  };
  const checked = (name: string, value: unknown, least: number, most: number): number => {
    const isWithin = typeof value === "number" && value >= least && value <= most;
    return isWithin ? value : refuse(name, `a number from ${least} to ${most}`, value);
  };
  const whole = (name: string, value: unknown, least: number, most: number): number => {
    if (Number.isSafeInteger(value)) return checked(name, value, least, most);
    return refuse(name, `a whole number from ${least} to ${most}`, value);
  };
  return {
    text(name) {
      const value = valueOf(name);
      if (value === undefined) return undefined;
      const isText = typeof value === "string" && value.length <= 200;
      return isText ? value : refuse(name, "a text of at most 200 characters", value);
    },
    choice(name, names) {
      const value = valueOf(name) ?? names[0]!;
      const found = names.find((one) => one === value);
      if (found !== undefined) return found;
      throw new RangeError(`Cannot use "${name}": ${unknownName(name, `${value}`, names)}`);
    },
    whole(name, least, most) {
      const value = valueOf(name);
      return value === undefined ? undefined : whole(name, value, least, most);
    },
    number(name, least, most) {
      const value = valueOf(name);
      return value === undefined ? undefined : checked(name, value, least, most);
    },
    wholes(name, least, most) {
      const value = valueOf(name) ?? [];
      if (!Array.isArray(value) || value.length > 10_000) refuse(name, "a list of numbers", value);
      const numbers = value as readonly unknown[];
      return [...new Set(numbers.map((one) => whole(name, one, least, most)))];
    },
  };
}
