// Compares what a subject computed with the reference, step by step, each from the subject's own
// parameters: so that what a step rounds is not taken for what the next one does.
import {
  add,
  type Bounded,
  each,
  exactly,
  type Excess,
  excess,
  products,
  rounding,
  scaled,
  sizeOf,
  sums,
  U,
} from "./bounded.ts";
import { type Data, givenAt, type Host } from "./data.ts";
import type { Case } from "./draw_network.ts";
import { fillGrads, type Flow } from "./flow.ts";
import { softmaxOf } from "./elementwise_reference.ts";
import { stepperOf } from "./optimizer_spec.ts";
import { pass } from "./reference.ts";
import type { Found, Outcome } from "./subjects.ts";

/** A difference of more than its bound is a fault. */
const ALLOWED = 1;

/** A tensor whose bound is wider, as a share of its largest number, is hardly compared. */
const BLUNT = 0.01;

/** A tensor that differs by more than rounding explains. */
export type Fault = { readonly what: string; readonly ratio: number; readonly about: string };

/** How a subject did. */
export type Verdict = {
  readonly faults: readonly Fault[];
  readonly tensors: number;
  /** Tensors whose bound says little. */
  readonly blunt: number;
  /** Decisions that rounding may take either way. */
  readonly undecided: number;
  /** The largest difference, as a share of its bound. */
  readonly ratio: number;
};

/** Judges all steps of an outcome. */
export function judge(one: Case, data: Data, { steps }: Outcome): Verdict {
  const stepper = stepperOf(one.optimizer);
  const faults: Fault[] = [];
  let [tensors, blunt, undecided, worst] = [0, 0, 0, 0];
  let params = numbersOf(data.params);
  let state = numbersOf(data.state);
  const look = (what: string, found: ArrayLike<number>, wanted: Bounded): void => {
    tensors++;
    const { ratio, at, sharpness }: Excess = excess(found, wanted);
    if (sharpness > BLUNT) blunt++;
    worst = Math.max(worst, ratio);
    if (ratio <= ALLOWED) return;
    const about = `element ${at} of [${wanted.shape}] is ${found[at]}, not ${wanted.value[at]} ± ${
      wanted.error[at]?.toExponential(1)
    }`;
    faults.push({ what, ratio, about });
  };
  steps.forEach((found: Found, i) => {
    const own = referenceOf(one, { ...data, ...givenAt(data, i) }, params, state);
    const name = (part: string): string => `${part} of step ${i + 1}`;
    look(name("output"), found.y, own.y);
    look(name("loss"), found.loss, own.loss);
    for (const [path, values] of found.state) {
      look(name(`state ${path}`), values, own.state.get(path)!);
    }
    for (const [path, values] of found.grads) {
      look(name(`gradient by ${path}`), values, own.grads.get(path)!);
    }
    look(name("gradient by the input"), found.x, own.x);
    undecided += own.undecided;
    const after = stepper(params, found.grads);
    for (const [path, values] of found.params) {
      look(name(`update of ${path}`), values, after.get(path)!);
    }
    params = found.params;
    state = found.state;
  });
  return { faults, tensors, blunt, undecided, ratio: worst };
}

function numbersOf(hosts: ReadonlyMap<string, Host>): ReadonlyMap<string, Float32Array> {
  return new Map([...hosts].map(([path, { values }]) => [path, values]));
}

/** One step by the references. */
function referenceOf(
  one: Case,
  data: Data,
  params: ReadonlyMap<string, Float32Array>,
  state: ReadonlyMap<string, Float32Array>,
): { y: Bounded; loss: Bounded; x: Bounded; undecided: number } & Pick<Flow, "grads"> & {
  state: ReadonlyMap<string, Bounded>;
} {
  const exact = (numbers: ReadonlyMap<string, Float32Array>, hosts: ReadonlyMap<string, Host>) =>
    new Map([...numbers].map(([path, values]) => [path, exactly(hosts.get(path)!.shape, values)]));
  const flow: Flow = {
    training: one.training,
    params: exact(params, data.params),
    state: exact(state, data.state),
    nextState: new Map(),
    grads: new Map(),
    undecided: 0,
  };
  const x = exactly(data.x.shape, data.x.values);
  const [y, back] = pass(flow, one.model, x, { path: "", key: data.key });
  const { loss, slopes } = lossOf(one, y, exactly(data.target.shape, data.target.values));
  const dx = back(slopes);
  fillGrads(flow);
  const next = new Map([...flow.state, ...flow.nextState]);
  return { y, loss, x: dx, grads: flow.grads, state: next, undecided: flow.undecided };
}

/** The loss and its slopes by the outputs. */
function lossOf({ loss }: Case, y: Bounded, target: Bounded): { loss: Bounded; slopes: Bounded } {
  const size = sizeOf(y.shape);
  const all = (visit: (to: number, i: number, j: number) => void): void => {
    for (let i = 0; i < size; i++) visit(0, i, i);
  };
  if (loss === "weighted") return { loss: products([], y, target, all), slopes: target };
  if (loss === "squares") {
    const apart = add(y, target, -1);
    return {
      loss: products([], apart, apart, all, () => 1 / size),
      slopes: scaled(apart, 2 / size),
    };
  }
  if (loss !== "cross-entropy") return unitLossOf(loss, y, target);
  const [rows, width] = y.shape as [number, number];
  const [shares] = softmaxOf(y);
  const whole = sums([rows], target, (visit) => {
    for (let i = 0; i < size; i++) visit(Math.floor(i / width), i);
  });
  const slopes = each(y.shape, (i) => {
    const [p, t, n] = [shares.value[i]!, target.value[i]!, whole.value[Math.floor(i / width)]!];
    const value = (p * n - t) / rows;
    return [value, (shares.error[i]! * n + 8 * U * (p * n + Math.abs(t))) / rows];
  });
  const logs = each(y.shape, (i) => {
    const row = Math.floor(i / width) * width;
    const own = Array.from(y.value.subarray(row, row + width));
    const bound = Math.max(...y.error.subarray(row, row + width));
    const most = Math.max(...own);
    const total = own.reduce((sum, each) => sum + Math.exp(each - most), 0);
    const value = y.value[i]! - most - Math.log(total);
    const size = Math.abs(y.value[i]! - most) + Math.log(total) + 1;
    return [value, y.error[i]! + 3 * bound + rounding(size, 12 + width)];
  });
  return { loss: products([], logs, target, all, () => -1 / rows), slopes };
}

/** The mean of a loss of each number by itself. */
function unitLossOf(
  kind: "absolute" | "huber" | "binary",
  y: Bounded,
  target: Bounded,
): { loss: Bounded; slopes: Bounded } {
  const size = sizeOf(y.shape);
  const apart = kind === "binary" ? y : add(y, target, -1);
  const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  const of = (i: number): readonly [f: (x: number) => number, slope: (x: number) => number] => {
    const t = target.value[i]!;
    if (kind === "absolute") return [Math.abs, Math.sign];
    if (kind === "binary") {
      return [(x) => t * softplus(-x) + (1 - t) * softplus(x), (x) => sigmoid(x) - t];
    }
    return [
      (x) => Math.abs(x) < 1 ? x * x / 2 : Math.abs(x) - 0.5,
      (x) => Math.min(1, Math.max(-1, x)),
    ];
  };
  const between = (i: number, f: (x: number) => number): number => {
    const [x, error] = [apart.value[i]!, apart.error[i]!];
    return error === 0 ? 0 : Math.max(Math.abs(f(x + error) - f(x)), Math.abs(f(x - error) - f(x)));
  };
  const losses = each(y.shape, (i) => {
    const value = of(i)[0](apart.value[i]!);
    const doubt = between(i, of(i)[0]) + apart.error[i]!;
    return [value, doubt + rounding(Math.abs(apart.value[i]!) + value, 16)];
  });
  const loss = sums([], losses, (visit) => {
    for (let i = 0; i < size; i++) visit(0, i);
  }, () => 1 / size);
  const slopes = each(y.shape, (i) => {
    const value = of(i)[1](apart.value[i]!);
    return [
      value / size,
      (between(i, of(i)[1]) + rounding(kind === "absolute" ? Math.abs(value) : 1, 16)) / size,
    ];
  });
  return { loss, slopes };
}
