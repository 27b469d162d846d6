// What is compared: the CPU backend, and WebGPU in both forms of its kernels, eager and recorded.
import { entries, jit, start, type Tensor, tf, type Tree } from "../../../mod.ts";
import { registerKernels } from "../../../lib/device/register.ts";
import { type Data, disposeBut, givenAt, stepOf, type Stepped, tensorOf, treesOf } from "./data.ts";
import type { Case } from "./draw_network.ts";
import { optimizerOf } from "./optimizer_spec.ts";
import { layerOf } from "./spec.ts";

/** Where and how a case is computed. */
export type Subject = "cpu" | "software" | "software jit" | "gpu" | "gpu jit";

/** All of them. */
export const SUBJECTS: readonly Subject[] = ["cpu", "software", "software jit", "gpu", "gpu jit"];

/** The numbers that a step returned. */
export type Found = {
  readonly loss: Float32Array;
  readonly y: Float32Array;
  readonly x: Float32Array;
  readonly grads: ReadonlyMap<string, Float32Array>;
  readonly params: ReadonlyMap<string, Float32Array>;
  readonly state: ReadonlyMap<string, Float32Array>;
  readonly optimizer: ReadonlyMap<string, Float32Array>;
};

/** What a subject made of a case: a step's numbers each, or an error. */
export type Outcome = { readonly steps: readonly Found[]; readonly error?: string };

/** Makes a subject's backend and kernels those in use. */
export async function use(subject: Subject): Promise<void> {
  if (subject === "cpu") {
    await start({ backend: "cpu" });
  } else {
    await start({ backend: "webgpu" });
    registerKernels(subject.startsWith("software"));
  }
}

/** Computes a case by a subject, which is in use. */
export async function compute(one: Case, data: Data, subject: Subject): Promise<Outcome> {
  const steps: Found[] = [];
  const before = tf.memory().numTensors;
  let release = (): void => {};
  tf.env().set("WEBGPU_CPU_FORWARD", one.onHost);
  try {
    const model = layerOf(one.model);
    const optimizer = optimizerOf(one.optimizer);
    const plain = stepOf(model, optimizer, one);
    const recorded = subject.endsWith("jit") ? jit(plain) : undefined;
    const step = recorded ?? ((...args: Parameters<typeof plain>): Stepped => {
      let result: Stepped | undefined;
      // deno-lint-ignore no-explicit-any -- tidy's types know records of tensors, not trees
      tf.tidy(() => (result = plain(...args)) as any);
      return result!;
    });
    const trees = treesOf(model, one.shape, data);
    let standing = { ...trees, optimizer: optimizer.init(trees.params) };
    let images: Tree = {};
    release = () => {
      recorded?.dispose();
      disposeBut([], standing, images);
    };
    for (let i = 0; i < one.steps; i++) {
      const given = givenAt(data, i);
      const [x, target] = [tensorOf(given.x), tensorOf(given.target)];
      images = { x, target };
      const stepped = step(standing, x, target, given.key) as Stepped;
      const { params, state, optimizer, ...rest } = stepped;
      const next = { params, state, optimizer };
      try {
        steps.push(await read(stepped));
      } finally {
        disposeBut([next], standing, rest, images);
        images = {};
        standing = next;
      }
    }
    release();
    release = () => {};
    const kept = tf.memory().numTensors - before;
    if (kept !== 0) return { steps, error: `${kept} tensors were not freed` };
    return { steps };
  } catch (error) {
    release();
    return {
      steps,
      error: error instanceof Error ? `${error.name}: ${error.message}` : `${error}`,
    };
  }
}

/** All numbers at once: a read of a GPU tensor takes its time, many together no more. */
async function read({ loss, y, grads, params, state, optimizer }: Stepped): Promise<Found> {
  const [one, out, x] = await Promise.all([loss, y, grads.x].map(numbers));
  const [byParams, after, kept, statistics] = await Promise.all(
    [grads.params, params, state, optimizer].map(readAll),
  );
  return {
    loss: one!,
    y: out!,
    x: x!,
    grads: byParams!,
    params: after!,
    state: kept!,
    optimizer: statistics!,
  };
}

async function numbers(tensor: Tensor): Promise<Float32Array> {
  return Float32Array.from(await tensor.data());
}

async function readAll(tree: Tree): Promise<ReadonlyMap<string, Float32Array>> {
  return new Map(
    await Promise.all(
      entries(tree).map(async ([path, leaf]) => [path, await numbers(leaf)] as const),
    ),
  );
}

/** The first tensor in which two outcomes differ in a bit, if there is one. */
export function firstDifference(one: Outcome, other: Outcome): string | undefined {
  if (one.error !== other.error) return `an error: ${one.error ?? other.error}`;
  for (const [i, step] of one.steps.entries()) {
    for (const [name, values] of namedNumbers(step)) {
      const against = namedNumbers(other.steps[i]!).get(name);
      const isSame = against?.length === values.length &&
        values.every((value, at) => Object.is(value, against[at]) || value === against[at]);
      if (!isSame) return `${name} of step ${i + 1}`;
    }
  }
  return undefined;
}

/** The tensors of a step by name. */
function namedNumbers(found: Found): ReadonlyMap<string, Float32Array> {
  const { loss, y, x } = found;
  const trees = (["grads", "params", "state", "optimizer"] as const).flatMap((part) =>
    [...found[part]].map(([path, values]) => [`${part}/${path}`, values] as const)
  );
  return new Map([["loss", loss], ["output", y], ["input gradient", x], ...trees]);
}
