// tfjs's functions of two numbers where a tensor is over the largest binding, where it may be float16,
// or where they may be computed in another's pass; tfjs computes all others.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";
import { broadcastSteps, runStrided } from "./strided.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** A function's text, by tfjs's name: it sets `y` from `a` and `b`. */
const TEXTS = {
  Add: "y = a + b;",
  Sub: "y = a - b;",
  Multiply: "y = a * b;",
  RealDiv: "y = a / b;",
} as const;

function binary(name: keyof typeof TEXTS, stock: KernelFunction): KernelFunction {
  return (call) => {
    const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const backend = call.backend as GuardedBackend;
    const [sizeA, sizeB] = [tf.util.sizeFromShape(a.shape), tf.util.sizeFromShape(b.shape)];
    const fits = 4 * Math.max(sizeA, sizeB) <= backend.bindingLimit;
    // Whole numbers that a cast calls float32 are tfjs's to convert.
    const isFloat = ({ dtype, dataId }: tf.TensorInfo): boolean =>
      dtype === "float32" && backend.tensorMap.get(dataId).dtype === "float32";
    if (!isFloat(a) || !isFloat(b)) return stock(call);
    // Under jit a step of its own is as fast, and may be fused.
    const isStep = (backend.halves || tf.util.arraysEqual(a.shape, b.shape)) &&
      backend.isRecording && !backend.shouldExecuteOnCPU([a, b]) && sizeA * sizeB > 0;
    if (fits && !isStep) return stock(call);
    const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    if (fits && !tf.util.arraysEqual(a.shape, b.shape)) {
      return broadcast(backend, name, a, b, shape);
    }
    // What broadcasts otherwise is tfjs's, which refuses what it cannot bind.
    if (tf.util.sizeFromShape(shape) !== Math.max(sizeA, sizeB)) return stock(call);
    if (sizeA !== sizeB && Math.min(sizeA, sizeB) !== 1) return stock(call);
    const scalars = { ...(sizeA < sizeB ? { a } : {}), ...(sizeB < sizeA ? { b } : {}) };
    return runElementwise(backend, {
      operation: name,
      variant: Object.keys(scalars).join(),
      results: ["y"],
      inputs: { ...(sizeA < sizeB ? {} : { a }), ...(sizeB < sizeA ? {} : { b }) },
      scalars,
      text: TEXTS[name].replace(/\b[ab]\b/g, "V($&)"),
      // Of a quotient nobody knows how large it is.
      half: name !== "RealDiv",
      shape,
    })[0]!;
  };
}

/** In mixed precision, a function of tensors of which one is repeated along axes of the other. */
function broadcast(
  backend: GuardedBackend,
  name: keyof typeof TEXTS,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  shape: number[],
): tf.TensorInfo {
  const size = tf.util.sizeFromShape(shape);
  const operand = (info: tf.TensorInfo) => ({
    info,
    offset: 0,
    steps: broadcastSteps(info.shape, shape),
  });
  // What is repeated is small: it may well stay float32.
  const whole = Object.entries({ a, b }).flatMap(([name, info]) =>
    tf.util.sizeFromShape(info.shape) === size ? [name] : []
  );
  return runStrided(backend, {
    operation: name,
    shape,
    operands: { a: operand(a), b: operand(b) },
    text: TEXTS[name],
    half: [...whole, ...(name === "RealDiv" ? [] : ["y"])],
  });
}

/** Makers of the kernel functions, by tfjs's names; they are the same for any adapter. */
export const binaryKernels: Readonly<
  Record<string, (software: boolean, stock: KernelFunction) => KernelFunction>
> = Object.fromEntries(
  (Object.keys(TEXTS) as (keyof typeof TEXTS)[]).map((name) => [
    name,
    (_software: boolean, stock: KernelFunction): KernelFunction => binary(name, stock),
  ]),
);
