// Makes a network that fails smaller, as long as it still does.
import type { Case } from "./draw_network.ts";
import { layerOf, type Spec } from "./spec.ts";

/** The most networks tried for one failure. */
const TRIES = 200;

/**
 * The smallest network found that fails.
 *
 * @param fails whether a network does
 */
export async function shrink(
  failing: Case,
  fails: (one: Case) => Promise<boolean>,
): Promise<Case> {
  let smallest = failing;
  let tries = 0;
  for (let found = true; found && tries < TRIES;) {
    found = false;
    for (const smaller of smallerCases(smallest)) {
      if (!isWhole(smaller)) continue;
      if (++tries > TRIES) break;
      if (!await fails(smaller)) continue;
      [smallest, found] = [smaller, true];
      break;
    }
  }
  return smallest;
}

/** Whether a network takes its input at all. */
function isWhole({ model, shape, loss }: Case): boolean {
  try {
    const output = layerOf(model).declare(shape).shape;
    return loss !== "cross-entropy" || (output.length === 1 && output[0]! > 1);
  } catch {
    return false;
  }
}

/** Cases with one thing less, the largest steps first. */
function* smallerCases(one: Case): Iterable<Case> {
  for (const model of smallerSpecs(one.model)) yield { ...one, model };
  if (one.steps > 1) yield { ...one, steps: 1 };
  if (one.steps > 2) yield { ...one, steps: 2 };
  const { batch, shape, optimizer } = one;
  for (const fewer of [1, batch - 1]) {
    if (fewer >= 1 && fewer < batch) yield { ...one, batch: fewer };
  }
  for (const [axis, size] of shape.entries()) {
    for (const less of [1, Math.floor(size / 2), size - 1]) {
      if (less >= 1 && less < size) yield { ...one, shape: shape.with(axis, less) };
    }
  }
  if (one.loss !== "weighted") yield { ...one, loss: "weighted" };
  if (one.training) yield { ...one, training: false };
  if (one.coarse) yield { ...one, coarse: false };
  if (one.onHost) yield { ...one, onHost: false };
  const { before: _before, around: _around, ...bare } = optimizer;
  if (Object.keys(bare).length < Object.keys(optimizer).length) yield { ...one, optimizer: bare };
  const plain = { kind: "sgd", rate: 0.05, options: {} } as const;
  if (JSON.stringify(optimizer) !== JSON.stringify(plain)) yield { ...one, optimizer: plain };
}

/** Layers with one part less. */
function* smallerSpecs(spec: Spec): Iterable<Spec> {
  const children = Object.entries(spec.children ?? {});
  // A layer by what it is made of.
  for (const [, child] of children) yield child;
  for (const [name] of children) {
    const rest = Object.fromEntries(children.filter(([other]) => other !== name));
    if (Object.keys(rest).length > 0) yield { ...spec, children: rest };
  }
  for (const [name, child] of children) {
    for (const smaller of smallerSpecs(child)) {
      yield { ...spec, children: { ...spec.children, [name]: smaller } };
    }
  }
  for (const args of smallerArgs(spec.args ?? [])) yield { ...spec, args };
}

/** Arguments with one option less, or a smaller number. */
function* smallerArgs(args: readonly unknown[]): Iterable<readonly unknown[]> {
  for (const [i, arg] of args.entries()) {
    if (typeof arg !== "object" || arg === null || Array.isArray(arg)) continue;
    for (const [name, value] of Object.entries(arg)) {
      const { [name]: _, ...rest } = arg as Record<string, unknown>;
      yield args.with(i, rest);
      for (const less of smallerValues(value)) yield args.with(i, { ...arg, [name]: less });
    }
  }
}

function* smallerValues(value: unknown): Iterable<unknown> {
  if (Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === "number")) {
    yield* value;
  } else if (typeof value === "number" && Number.isInteger(value) && value > 1) {
    yield 1;
    if (value > 2) yield value - 1;
  }
}
