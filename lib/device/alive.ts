// Operations without a device, or on disposed tensors, are refused: tfjs answers some of them with old numbers.
import { tf } from "../tensor/tf.ts";
import { DeviceError } from "./errors.ts";

type Engine = {
  readonly backendInstance: unknown;
  readonly backendName: string | undefined;
  readonly pendingBackendInit: unknown;
  readonly state: {
    readonly tensorInfo: WeakMap<object, { readonly backend: tf.KernelBackend }>;
  };
  getSortedBackends(): string[];
  runKernel(name: string, inputs: Readonly<Record<string, unknown>>, attributes?: object): unknown;
  makeVariable(value: tf.Tensor, ...rest: unknown[]): unknown;
};

/** Throws where a tensor is disposed, and its numbers with it. */
function requireAlive(action: string, tensor: unknown): void {
  if (!(tensor as tf.Tensor | null | undefined)?.isDisposed) return;
  const { dtype, shape, dataId } = tensor as tf.Tensor;
  // Gradients of tfjs's, such as that of logSigmoid, use a disposed view of a tensor that lives.
  const held = (tf.engine() as unknown as Engine).state.tensorInfo.get(dataId);
  if (held && held.backend.refCount(dataId) > 0) return;
  throw new TypeError(
    `Cannot ${action}: a tensor must not be disposed, got a disposed ${dtype} tensor [${shape}]. What is made in tf.tidy lives on if it is returned, or kept by tf.keep; what jit was given in \`donate\` is used up`,
  );
}

/**
 * Puts the checks in front of tfjs's engine: before an operation a look at each input, and nothing
 * more while all is well.
 */
function guardEngine(): void {
  const engine = tf.engine() as unknown as Engine;
  const { runKernel, makeVariable } = engine;
  const guarded: Engine["runKernel"] = (name, inputs, attributes) => {
    for (const key in inputs) {
      const input = inputs[key];
      if (Array.isArray(input)) { for (const each of input) requireAlive(`run ${name}`, each); }
      else requireAlive(`run ${name}`, input);
    }
    return runKernel.call(engine, name, inputs, attributes);
  };
  engine.runKernel = guarded;
  const lazily = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(engine), "backend")!.get!;
  Object.defineProperty(engine, "backend", {
    configurable: true,
    get(this: Engine): unknown {
      if (this.backendInstance != null && this.pendingBackendInit == null) {
        return this.backendInstance;
      }
      // tfjs would begin to open a device here, and throw nevertheless; backends of users are its own.
      const wanted = this.backendName ?? this.getSortedBackends()[0];
      if (wanted !== "webgpu") return lazily.call(this);
      throw new DeviceError(
        "missing",
        "Cannot compute: a device must be started, got none. Call await start() before tensors are made; after stop(), call it again",
      );
    },
  });
  const tensors = tf.Tensor.prototype as unknown as { throwIfDisposed(): void };
  const { throwIfDisposed } = tensors;
  tensors.throwIfDisposed = function (this: tf.Tensor): void {
    requireAlive("use a tensor", this);
    throwIfDisposed.call(this);
  };
  engine.makeVariable = (value, ...rest) => {
    requireAlive("make a variable", value);
    return makeVariable.call(engine, value, ...rest);
  };
  const variables = tf.Variable.prototype as { assign(value: tf.Tensor): void };
  const { assign } = variables;
  variables.assign = function (this: tf.Variable, value): void {
    requireAlive("assign to a variable", value);
    assign.call(this, value);
  };
}

guardEngine();
