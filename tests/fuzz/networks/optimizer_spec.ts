// Optimizers as plain data, and what each of them does in double precision.
import {
  accumulate,
  adam,
  adamw,
  chain,
  clipByNorm,
  clipByValue,
  decayKernelsOnly,
  ema,
  lars,
  type LearningRate,
  type Optimizer,
  piecewise,
  rmsprop,
  sgd,
  weightDecay,
} from "../../../mod.ts";
import {
  add,
  type Bounded,
  each,
  exactly,
  monotone,
  products,
  rounding,
  scaled,
  times,
  U,
} from "./bounded.ts";

/** A learning rate: the same in all steps, or those of steps 0 and on. */
type Rate = number | readonly number[];

/** An optimizer: its maker's name, its options, and what is around it. */
export type OptimizerSpec = {
  readonly kind: "sgd" | "adam" | "adamw" | "rmsprop" | "lars";
  readonly rate: Rate;
  // deno-lint-ignore no-explicit-any -- options of each maker, as JSON
  readonly options: Readonly<Record<string, any>>;
  /** Whether only kernels decay. */
  readonly kernelsOnly?: boolean;
  readonly before?: readonly ["clipByNorm" | "clipByValue" | "weightDecay", number];
  readonly around?: "ema" | "accumulate";
};

const MAKERS = { sgd, adam, adamw, rmsprop, lars } as const;
const BEFORE = { clipByNorm, clipByValue, weightDecay } as const;

function learningRateOf(rate: Rate): LearningRate {
  return typeof rate === "number" ? rate : piecewise(rate.map((each, step) => [step, each]));
}

/** The optimizer. */
export function optimizerOf(spec: OptimizerSpec): Optimizer {
  const { kind, rate, options, kernelsOnly, before, around } = spec;
  const inner = MAKERS[kind]({
    ...options,
    learningRate: learningRateOf(rate),
    ...(kernelsOnly ? { decay: decayKernelsOnly } : {}),
  });
  const chained = before ? chain(BEFORE[before[0]](before[1]), inner) : inner;
  if (around === "ema") return ema(chained);
  return around === "accumulate" ? accumulate(chained, 2) : chained;
}

/** The optimizer as code. */
export function optimizerCode(spec: OptimizerSpec): string {
  const { kind, rate, options, kernelsOnly, before, around } = spec;
  const rateCode = typeof rate === "number"
    ? `${rate}`
    : `piecewise(${JSON.stringify(rate.map((each, step) => [step, each]))})`;
  const fields = [
    `learningRate: ${rateCode}`,
    ...Object.entries(options).map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
    ...(kernelsOnly ? ["decay: decayKernelsOnly"] : []),
  ];
  const inner = `${kind}({ ${fields.join(", ")} })`;
  const chained = before ? `chain(${before[0]}(${before[1]}), ${inner})` : inner;
  if (around === "ema") return `ema(${chained})`;
  return around === "accumulate" ? `accumulate(${chained}, 2)` : chained;
}

type Bounds = ReadonlyMap<string, Bounded>;
type Numbers = ReadonlyMap<string, Float32Array>;

/** Takes a step: the parameters after it, of those before it and their gradients. */
export type Stepper = (params: Numbers, grads: Numbers) => Bounds;

/** The optimizer in double precision, with its own statistics. */
export function stepperOf(spec: OptimizerSpec): Stepper {
  const { rate, around, before } = spec;
  const moments = new Map<string, Map<string, Bounded>>();
  /** What is kept of a parameter, zeros at first. */
  const kept = (name: string, path: string, like: Bounded): Bounded =>
    moments.get(name)?.get(path) ?? exactly(like.shape, new Float32Array(like.value.length));
  const keep = (name: string, path: string, value: Bounded): Bounded => {
    if (!moments.has(name)) moments.set(name, new Map());
    moments.get(name)!.set(path, value);
    return value;
  };
  const rateAt = (step: number): number =>
    typeof rate === "number" ? rate : rate[Math.min(step, rate.length - 1)]!;
  let [step, gathered] = [0, 0];
  return (params, grads) => {
    const held = new Map(
      [...params].map(([path, values]) => [path, exactly([values.length], values)]),
    );
    let slopes = new Map(
      [...grads].map(([path, values]) => [path, exactly([values.length], values)]),
    );
    if (around === "accumulate") {
      slopes = new Map([...slopes].map(([path, slope]) => [
        path,
        keep("sum", path, add(kept("sum", path, slope), slope)),
      ]));
      if (++gathered < 2) return held;
      gathered = 0;
      moments.get("sum")?.clear();
      slopes = new Map([...slopes].map(([path, slope]) => [path, scaled(slope, 1 / 2)]));
    }
    if (before) slopes = transformed(before, slopes, held);
    const next = new Map([...held].map(([path, param]) => {
      const slope = slopes.get(path)!;
      return [path, updated(spec, { path, param, slope, step, rate: rateAt(step), kept, keep })];
    }));
    step++;
    return next;
  };
}

function transformed(
  [kind, amount]: NonNullable<OptimizerSpec["before"]>,
  slopes: Map<string, Bounded>,
  params: Bounds,
): Map<string, Bounded> {
  const each = (f: (slope: Bounded, path: string) => Bounded): Map<string, Bounded> =>
    new Map([...slopes].map(([path, slope]) => [path, f(slope, path)]));
  if (kind === "weightDecay") return each((slope, path) => add(slope, params.get(path)!, amount));
  if (kind === "clipByValue") {
    return each((slope) => monotone(slope, (x) => Math.min(amount, Math.max(-amount, x)), 1));
  }
  const { value, error } = normOf([...slopes.values()]);
  const factor = Math.min(1, amount / (value + 1e-6));
  const relative = (error + 6 * U * value) / (value + 1e-6);
  return each((slope) => relatively(scaled(slope, factor), relative));
}

function normOf(tensors: readonly Bounded[]): { readonly value: number; readonly error: number } {
  let [square, error, count] = [0, 0, 0];
  for (const tensor of tensors) {
    const { value: [own = 0], error: [bound = 0] } = products([1], tensor, tensor, (visit) => {
      for (let i = 0; i < tensor.value.length; i++) visit(0, i, i);
    });
    [square, error, count] = [square + own, error + bound, count + 1];
  }
  const value = Math.sqrt(square);
  // Squares below 1e-38 may be flushed: the root of that is 1e-19.
  const spread = Math.sqrt(square + error) - Math.sqrt(Math.max(0, square - error));
  return { value, error: spread + (count + 6) * U * value };
}

function relatively(x: Bounded, share: number): Bounded {
  return each(x.shape, (i) => [x.value[i]!, x.error[i]! + Math.abs(x.value[i]!) * share]);
}

type Update = {
  readonly path: string;
  readonly param: Bounded;
  readonly slope: Bounded;
  readonly step: number;
  readonly rate: number;
  readonly kept: (name: string, path: string, like: Bounded) => Bounded;
  readonly keep: (name: string, path: string, value: Bounded) => Bounded;
};

/** x · share + fresh · (1 − share), whose second factor float32 may take as a difference. */
function average(x: Bounded, share: number, fresh: Bounded): Bounded {
  const kept = scaled(x, share);
  const added = relatively(scaled(fresh, 1 - share), 2 * U / (1 - share));
  return add(kept, added);
}

/** A fraction whose divisor is a root of what is at least zero. */
function overRoot(top: Bounded, square: Bounded, epsilon: number): Bounded {
  const inverse = monotone(square, (v) => 1 / (Math.sqrt(v) + epsilon), 14, [0, Infinity]);
  return times(top, inverse, 4);
}

function updated(
  spec: OptimizerSpec,
  { path, param, slope, step, rate, kept, keep }: Update,
): Bounded {
  const { kind, options, kernelsOnly } = spec;
  const decays = (!kernelsOnly || path.split("/").at(-1) === "kernel") && param.value.length > 0;
  const decay = kind === "adam" || !decays
    ? 0
    : options.weightDecay ?? (kind === "adamw" ? 0.01 : kind === "lars" ? 5e-4 : 0);
  const pulled = decay > 0 && kind !== "adamw" ? add(slope, param, decay) : slope;
  if (kind === "sgd") {
    const { momentum = 0, nesterov = false } = options;
    if (momentum === 0) return add(param, relatively(pulled, 4 * U), -rate);
    const velocity = keep(
      "velocity",
      path,
      add(scaled(kept("velocity", path, slope), momentum), pulled),
    );
    const direction = nesterov ? add(scaled(velocity, momentum), pulled) : velocity;
    return add(param, relatively(direction, 4 * U), -rate);
  }
  if (kind === "lars") {
    const { momentum = 0.9, trust = 1e-3 } = options;
    const [size, length] = [normOf([param]), normOf([slope])];
    const divisor = length.value + decay * size.value;
    const isPlain = !(Math.min(size.value, length.value) > 0);
    const own = isPlain ? rate : rate * trust * size.value / divisor;
    const relative = isPlain
      ? 0
      : (length.error + decay * size.error) / divisor + size.error / size.value;
    const pull = relatively(scaled(pulled, own), relative + 20 * U);
    const velocity = keep(
      "velocity",
      path,
      add(scaled(kept("velocity", path, slope), momentum), pull),
    );
    return add(param, velocity, -1);
  }
  if (kind === "rmsprop") {
    const { smoothing = 0.99, epsilon = 1e-8, centered = false, momentum = 0 } = options;
    const square = keep(
      "square",
      path,
      average(kept("square", path, slope), smoothing, times(pulled, pulled)),
    );
    const mean = centered
      ? keep("mean", path, average(kept("mean", path, slope), smoothing, pulled))
      : undefined;
    const variance = mean ? add(square, times(mean, mean), -1) : square;
    const above = monotone(variance, (v) => Math.max(0, v), 0);
    const moved = overRoot(pulled, above, epsilon);
    const velocity = momentum > 0
      ? keep("velocity", path, add(scaled(kept("velocity", path, slope), momentum), moved))
      : moved;
    return add(param, relatively(velocity, 4 * U), -rate);
  }
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const mean = keep("mean", path, average(kept("mean", path, slope), beta1, slope));
  const square = keep(
    "square",
    path,
    average(kept("square", path, slope), beta2, times(slope, slope)),
  );
  const [first, second] = [1 - beta1 ** (step + 1), 1 - beta2 ** (step + 1)];
  const corrected = relatively(scaled(square, 1 / second), 20 * U);
  const update = relatively(scaled(overRoot(mean, corrected, epsilon), rate / first), 24 * U);
  const after = add(param, update, -1);
  if (decay === 0) return after;
  const pull = each(param.shape, (i) => {
    const value = rate * decay * param.value[i]!;
    return [value, rounding(Math.abs(value), 6)];
  });
  return add(after, pull, -1);
}
