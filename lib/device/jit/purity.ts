// Keeps a function under jit from what gives another value at each call: chance, the clock, variables.
import { tf } from "../../tensor/tf.ts";
import { type Replacement, whileReplaced } from "./replaced.ts";

/** Notes why a function is refused, and returns the error to be thrown. */
export type Refuse = (error: Error) => Error;

/** Whether a function is being called by {@linkcode whilePure}. */
let isPure = false;

/** Whether a function under jit is being called: what it calls is part of it. */
export function isWithinJit(): boolean {
  return isPure;
}

/**
 * Calls a function while random numbers without a key, the clock, and assignments to variables
 * throw: a recording would repeat the first, and leave out the last.
 *
 * @param refuse told of each attempt, also where the exception is swallowed
 */
export function whilePure<R>(refuse: Refuse, f: () => R): R {
  if (isPure) return f();
  isPure = true;
  try {
    return whileReplaced([...chance(refuse), ...clock(refuse), assignment(refuse)], f);
  } finally {
    isPure = false;
  }
}

/** Calls a function as {@linkcode whilePure} does, and throws its first refusal in the end at the latest. */
export function callPurely<R>(f: () => R): R {
  let refusal: Error | undefined;
  const result = whilePure((error) => refusal ??= error, f);
  if (refusal) throw refusal;
  return result;
}

/** What tfjs's random operations draw from, and what else there is. */
function chance(refuse: Refuse): Replacement[] {
  const drawing = (source: string) => (): never => {
    throw refuse(
      new TypeError(
        `Cannot run a function under jit: it must draw random numbers from a key, got ${source}. Replays would repeat the numbers: take a key as an argument (in a layer: context.key), and use tensor.dropUnits(x, rate, key) for tf.dropout, tensor.uniformTensor(key, shape) and tensor.normalTensor(key, shape) for tf.randomUniform and tf.randomNormal`,
      ),
    );
  };
  const ofMath = drawing("a call of Math.random, which tf.dropout, tf.randomNormal, … make");
  return [
    { owner: Math, name: "random", value: ofMath },
    ...["getRandomValues", "randomUUID"].map((name) => ({
      owner: crypto,
      name,
      value: drawing(`a call of crypto.${name}`),
    })),
  ];
}

/** The clocks. */
function clock(refuse: Refuse): Replacement[] {
  const reading = (source: string) => (): never => {
    throw refuse(
      new TypeError(
        `Cannot run a function under jit: it must not read the clock, got ${source}. Replays would repeat the time: read it outside, and hand it in as an argument if it is needed`,
      ),
    );
  };
  const ofDate = reading("the date");
  const date = new Proxy(Date, {
    construct: (target, values, made) =>
      values.length === 0 ? ofDate() : Reflect.construct(target, values, made),
    apply: ofDate,
    get: (target, name, receiver) => name === "now" ? ofDate : Reflect.get(target, name, receiver),
  });
  const { Temporal } = globalThis as { readonly Temporal?: { readonly Now: object } };
  const zones = ["instant", "plainDateISO", "plainDateTimeISO", "plainTimeISO", "zonedDateTimeISO"];
  return [
    { owner: globalThis, name: "Date", value: date },
    { owner: performance, name: "now", value: reading("a call of performance.now") },
    ...(Temporal ? zones : []).map((name) => ({
      owner: Temporal!.Now,
      name,
      value: reading(`a call of Temporal.Now.${name}`),
    })),
  ];
}

function assignment(refuse: Refuse): Replacement {
  const value = function (this: tf.Variable): never {
    throw refuse(
      new TypeError(
        `Cannot run a function under jit: it must not assign variables, got an assignment to the variable "${this.name}" [${this.shape}]. Replays would leave it out: return the new value, and assign it outside`,
      ),
    );
  };
  return { owner: tf.Variable.prototype, name: "assign", value };
}
