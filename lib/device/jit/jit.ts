// Functions of tensors that are run once and then replayed by one submit.
import type { Key } from "../../tensor/random.ts";
import type { Scalar, Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { isTraced, traceKey } from "../../tensor/traced_key.ts";
import { GuardedBackend } from "../backend.ts";
import { type Assemble, type Flat, flatten, rebuild, takeApart } from "./arguments.ts";
import { callPlainly, watching } from "./call.ts";
import { lower } from "./lower.ts";
import { makePlan, type Plan } from "./plan.ts";
import { describePlan } from "./print.ts";
import { callPurely, isWithinJit, whilePure } from "./purity.ts";
import { record, type Recording } from "./recording.ts";
import { requireSameCaptured, requireSameTrace } from "./same_trace.ts";
import { type Trace, traced } from "./trace.ts";
import type { Wanted } from "./plan_parts.ts";
import { whileUnreadable } from "./unreadable.ts";
import { requireOptions } from "../../text/require.ts";

/** Options of {@linkcode jit}. */
export type JitOptions = {
  /**
   * The numbers of arguments that are used up: their tensors are disposed of, and
   * their memory becomes that of results. Default: none.
   */
  readonly donate?: readonly number[];
  /**
   * Whether calls run `f` as well, without computing, to compare what it does with what was
   * recorded: at every call (`true`), or never (`false`). A difference is an exception that names
   * it, its size and the results that depend on it. Default: at the second call with arguments of a
   * form, and at every call on the CPU backend.
   */
  readonly check?: boolean;
};

/** An argument as it may be handed in: a number for a scalar. */
export type Argument<T> = T | ([T] extends [Scalar] ? number : never);

/** A function that {@linkcode jit} made. */
export type Jitted<A extends readonly unknown[], R> = {
  (...values: { [I in keyof A]: Argument<A[I]> }): R;
  /** What it does, step by step, for each form of arguments it was called with. */
  plan(): string;
  /** Frees what it holds on the GPU. Results live on; a later call records anew. */
  dispose(): void;
};

/** A plan, how its results become what the function returns, and what the function did. */
type Recorded = { readonly plan: Plan; readonly assemble: Assemble; readonly trace: Trace };

/**
 * Makes a function that does its work on the GPU by one submit, without tfjs's
 * work on the host for each operation. The first call with arguments of a form
 * (structure, shapes, types) runs `f` with stand-ins and records what it gives to
 * the GPU; this and later calls replay it, with the same numbers as `f` itself, but for the last
 * place of functions that a plain call computes on the host, as tfjs does of fewer than 1,000
 * numbers that were never on the GPU.
 *
 * `f` must be pure: what it returns depends on its arguments alone. Numbers among
 * the arguments, in records too, reach it as scalars, so that another learning
 * rate is no new recording; strings, booleans and functions are part of the form.
 * {@linkcode Key}s are followed through `fold` and `split` to the operations that
 * use them. What `f` makes on the host is a constant of the recording, and so are numbers from
 * outside and what it drew from keys that are no arguments. Tensors from outside must stay as they
 * are. A call with another shape or type makes another plan.
 *
 * What changes from call to call without being an argument is refused where it can be seen: random
 * numbers without a key (`Math.random`, which `tf.dropout` and `tf.randomNormal` use), the clock,
 * assignments to variables, tensors and variables from outside that are disposed of or assigned
 * after the recording, and whatever makes the second call differ from the first: see
 * {@linkcode JitOptions.check}.
 *
 * On the CPU backend `f` is called each time, and refused in the same cases. Under a gradient that
 * is being taken `f` is just called.
 *
 * @param f a function of tensors, numbers (as scalars), keys, and records and arrays of them
 * @param options which arguments are used up
 * @returns the function; the caller owns what it returns
 * @throws {RangeError} if `donate` names no argument
 * @throws {TypeError} when called: where a tensor is disposed, or `f` reads a tensor, a key's numbers, or returns a promise, or depends on what is no argument and changes
 * @throws {DeviceError} when called: where the device failed
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { jit, start, tf, type Scalar, type Tensor } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const descend = jit((x: Tensor, rate: Scalar) => tf.sub(x, tf.mul(x, rate)));
 * assertEquals(await descend(tf.tensor1d([4, 8]), 0.5).array(), [2, 4]);
 * ```
 */
export function jit<A extends readonly unknown[], R>(
  f: (...values: A) => R,
  options: JitOptions = {},
): Jitted<A, R> {
  requireOptions("record a function", options, { donate: true, check: true });
  return jitOnShelf(f, makeShelf(), options, runAlone);
}

/**
 * A {@linkcode jit} of a function that exchanges numbers with other ranks: its result comes when all
 * exchanges are done. It must not be called again before that, and its arguments must live as long.
 */
export function jitExchanging<A extends readonly unknown[], R>(
  f: (...values: A) => R,
  options: JitOptions = {},
): Jitted<A, Promise<R>> {
  return jitOnShelf(f as (...values: A) => never, makeShelf(), options, runExchanging);
}

/** Runs a plan, and hands over its results, now or later. */
type RunPlan = (
  what: string,
  plan: Plan,
  leaves: readonly (Tensor | number)[],
  keys: readonly Key[],
  give: (tensors: Tensor[]) => unknown,
) => unknown;

const runAlone: RunPlan = (what, plan, leaves, keys, give) => {
  if (!plan.exchanges) return give(plan.run(leaves, keys));
  throw new TypeError(
    `Cannot run ${what}: a function that exchanges numbers with other ranks must be made by jitExchanging, got jit`,
  );
};

const runExchanging: RunPlan = async (_what, plan, leaves, keys, give) =>
  give(await plan.runExchanging(leaves, keys));

/** A {@linkcode jit} whose plans lie on a given shelf. */
function jitOnShelf<A extends readonly unknown[], R>(
  f: (...values: A) => R,
  shelf: Shelf,
  options: JitOptions,
  runPlan: RunPlan,
): Jitted<A, R> {
  const { donate = [], check } = options;
  const wrong = donate.find((index) => !Number.isInteger(index) || index < 0);
  if (wrong !== undefined) {
    throw new RangeError(
      `Cannot donate an argument: its number must be a whole number from 0, got ${wrong}`,
    );
  }
  const run = f as unknown as (...values: unknown[]) => unknown;
  const what = f.name ? `jit(${f.name})` : "a function under jit";
  const recorded = new Map<string, Recorded>();
  /** Those that were compared with another call. */
  const checked = new WeakSet<Recorded>();
  /** What the function did on the CPU backend. */
  const traces = new Map<string, Trace>();
  const call = (...values: unknown[]): unknown => {
    const flat = flatten(what, values);
    const donated = flat.argumentOf.map((argument) => donate.includes(argument));
    const backend: unknown = tf.backend();
    if (isWithinJit() || isUnderGradient()) {
      return callPlainly(what, run, values, flat, donated, callPurely);
    }
    if (!(backend instanceof GuardedBackend)) {
      const around = watching(what, traces, flat.signature, check);
      return callPlainly(what, run, values, flat, donated, around);
    }
    let known = recorded.get(flat.signature);
    if (known?.plan.isStale(backend)) {
      shelf.drop(known.plan);
      known = undefined;
    }
    if (known) {
      requireSameCaptured(what, known.trace.captured);
      if (check ?? !checked.has(known)) {
        requireSameTrace(what, known.trace, takeDown(backend, what, run, values, flat).trace);
      }
      checked.add(known);
    }
    known ??= recordCall(backend, what, run, values, flat, donated);
    recorded.set(flat.signature, known);
    shelf.plans.add(known.plan);
    const keys = known.plan.keys.derive(flat.keys);
    const { plan, assemble } = known;
    return runPlan(what, plan, flat.leaves, keys, (tensors) => {
      flat.leaves.forEach((leaf, i) => donated[i] && typeof leaf !== "number" && leaf.dispose());
      return assemble(tensors, keys);
    });
  };
  return Object.assign(call as Jitted<A, R>, {
    plan: (): string =>
      [...recorded].map(([form, { plan }]) => describePlan(form, plan)).join("\n\n"),
    dispose(): void {
      shelf.clear();
      recorded.clear();
      traces.clear();
    },
  });
}

/**
 * A {@linkcode jit} that is remembered for an object that it works for, and freed
 * with it.
 */
export function jitFor<A extends readonly unknown[], R>(
  owner: WeakKey,
  make: () => (...values: A) => R,
): Jitted<A, R> {
  const known = owned.get(owner);
  if (known) return known as unknown as Jitted<A, R>;
  const shelf = makeShelf();
  const made = jitOnShelf(make(), shelf, {}, runAlone);
  owned.set(owner, made as unknown as Jitted<unknown[], unknown>);
  orphans.register(owner, shelf);
  return made;
}

const owned = new WeakMap<WeakKey, Jitted<unknown[], unknown>>();
const orphans = new FinalizationRegistry<Shelf>((shelf) => shelf.clear());

/** Plans, apart from the function they are of: who frees them must not keep it alive. */
type Shelf = { readonly plans: Set<Plan>; drop(plan: Plan): void; clear(): void };

function makeShelf(): Shelf {
  const plans = new Set<Plan>();
  const drop = (plan: Plan): void => {
    plan.dispose();
    plans.delete(plan);
  };
  return { plans, drop, clear: () => plans.forEach(drop) };
}

/** Whether a gradient is being taken: it has to see each operation. */
function isUnderGradient(): boolean {
  const { state } = tf.engine() as unknown as { state: { gradientDepth: number } };
  return state.gradientDepth > 0;
}

/** What a call of a function gave to the GPU, and did. */
type TakenDown = {
  readonly recording: Recording;
  readonly handedKeys: readonly Key[];
  readonly wanted: readonly Wanted[];
  readonly resultKeys: readonly Key[];
  readonly assemble: Assemble;
  readonly trace: Trace;
};

/** Calls a function with stand-ins, and takes down what it gives to the GPU. */
function takeDown(
  backend: GuardedBackend,
  what: string,
  f: (...values: unknown[]) => unknown,
  values: readonly unknown[],
  flat: Flat,
): TakenDown {
  const recording = record(backend);
  const handedKeys = flat.keys.map(() => traceKey());
  const wanted: Wanted[] = [];
  const resultKeys: Key[] = [];
  let assemble: Assemble | undefined;
  let trace: Trace | undefined;
  try {
    tf.tidy(() => {
      const leaves: Tensor[] = [];
      const placeholder = (leaf: number, value: Tensor | number): Tensor =>
        leaves[leaf] = standIn(backend, recording, leaf, value);
      const stand = rebuild(values, placeholder, (index) => handedKeys[index]!);
      backend.recording(recording, () => {
        const seen = whilePure(
          recording.refuse,
          () => whileUnreadable(recording, () => traced(leaves, () => f(...stand))),
        );
        if (recording.refusal) throw recording.refusal;
        trace = seen.trace;
        assemble = takeApart(
          what,
          seen.result,
          resultNumbers(recording, wanted),
          (key) => isTraced(key) ? resultKeys.push(key) - 1 : undefined,
        );
      });
    });
  } finally {
    recording.end();
  }
  return { recording, handedKeys, wanted, resultKeys, assemble: assemble!, trace: trace! };
}

function recordCall(
  backend: GuardedBackend,
  what: string,
  f: (...values: unknown[]) => unknown,
  values: readonly unknown[],
  flat: Flat,
  donated: readonly boolean[],
): Recorded {
  const { recording, handedKeys, wanted, resultKeys, assemble, trace } = takeDown(
    backend,
    what,
    f,
    values,
    flat,
  );
  const results = wanted.flatMap(({ storage }) => storage ? [storage] : []);
  const { maxStorageBuffersPerShaderStage, maxStorageTexturesPerShaderStage } =
    backend.device.limits;
  const most = {
    buffers: maxStorageBuffersPerShaderStage,
    textures: maxStorageTexturesPerShaderStage,
  };
  const program = lower(recording, results, (leaf) => donated[leaf]!, most);
  const plan = makePlan({ backend, name: what, program, donated, handedKeys, results: wanted });
  const numbers = resultKeys.map((key) => plan.keys.note(key));
  return {
    plan,
    trace,
    assemble: (tensors, keys) => assemble(tensors, numbers.map((number) => keys[number]!)),
  };
}

/** What `f` is given for a tensor or a number. */
function standIn(
  backend: GuardedBackend,
  recording: Recording,
  leaf: number,
  value: Tensor | number,
): Tensor {
  const shape: readonly number[] = typeof value === "number" ? [] : value.shape;
  const dtype = typeof value === "number" ? "float32" : value.dtype;
  const isEmpty = shape.includes(0);
  const info = isEmpty
    ? backend.makeTensorInfo([...shape], dtype, new Float32Array(0))
    : recording.placeholder(leaf, shape, dtype);
  return tf.engine().makeTensorFromTensorInfo(info);
}

/** Numbers results: the same tensor has one number. */
function resultNumbers(recording: Recording, wanted: Wanted[]): (tensor: Tensor) => number {
  const numbers = new Map<Tensor, number>();
  return (tensor) => {
    const known = numbers.get(tensor);
    if (known !== undefined) return known;
    const { shape, dtype } = tensor;
    const storage = tensor.size === 0 ? undefined : recording.storageOf(tensor);
    const number = wanted.push({ storage, shape, dtype }) - 1;
    numbers.set(tensor, number);
    return number;
  };
}
