// tfjs's WebGPU backend on a device of our own, with every fault made an exception.
import type { tf } from "../tensor/tf.ts";
import { DeviceError } from "./errors.ts";
import { type FaultLedger, faultLedger } from "./faults.ts";
import { WebGPUBackend, type WebGPUProgram } from "./webgpu_backend.ts";

type Uniforms = Parameters<WebGPUBackend["runWebGPUProgram"]>[3];
type BackendValues = ReturnType<WebGPUBackend["readSync"]>;

/**
 * tfjs's WebGPU backend, which answers zeros or stale numbers when a shader, a
 * binding or the device fails, with each operation watched by error scopes, so
 * that a wrong answer can not be read: see {@linkcode FaultLedger}.
 */
export class GuardedBackend extends WebGPUBackend {
  readonly #faults: FaultLedger = faultLedger(() => this.abandonCommands());

  /**
   * @param device the device to run on; the backend owns it from here on
   * @param info the adapter it came from
   */
  constructor(device: GPUDevice, info: GPUAdapterInfo) {
    super(device, info);
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.#faults.report((event as GPUUncapturedErrorEvent).error);
    });
    device.lost.then(({ message, reason }) => this.#faults.lose(message || reason || "unknown"));
  }

  /** Whether the device is gone. */
  get isLost(): boolean {
    return this.#faults.isLost;
  }

  /** Throws where the device is lost or an operation has failed since the last look. */
  requireHealthy(): void {
    this.#faults.requireAlive("continue");
    this.#faults.raise();
  }

  /** Waits for the device to finish what it was given. Throws as {@linkcode requireHealthy} does. */
  async settle(): Promise<void> {
    if (this.hidden.commandEncoder) this.submitQueue();
    await this.queue.onSubmittedWorkDone();
    await this.#faults.settled();
    this.requireHealthy();
  }

  /** The part of tfjs's backend that its types hide. */
  private get hidden(): { commandEncoder: GPUCommandEncoder | null } {
    return this as unknown as { commandEncoder: GPUCommandEncoder | null };
  }

  /** Drops what is recorded but not submitted: it holds a failed operation, which would spoil what follows. */
  private abandonCommands(): void {
    if (!this.hidden.commandEncoder) return;
    this.endComputePassEncoder();
    this.hidden.commandEncoder = this.device.createCommandEncoder();
    super.submitQueue();
  }

  override runWebGPUProgram(
    program: WebGPUProgram,
    inputs: tf.TensorInfo[],
    outputDtype: tf.DataType,
    uniforms?: Uniforms,
    output?: tf.TensorInfo,
  ): tf.TensorInfo {
    const operation = describeProgram(program, inputs);
    this.#faults.requireAlive(operation);
    for (const { dataId } of inputs) this.#faults.requireTrusted(dataId, operation);
    this.requireBindable(operation, [...inputs.map(({ shape }) => shape), program.outputShape]);
    // Recording may submit, so the command buffer is noted before.
    const buffer = this.#faults.current;
    const result = this.watched(
      operation,
      () => super.runWebGPUProgram(program, inputs, outputDtype, uniforms, output),
    );
    this.#faults.wrote(result.dataId, buffer);
    return result;
  }

  override submitQueue(): void {
    this.endComputePassEncoder();
    this.watched("a submit", () => super.submitQueue());
    this.#faults.submitted();
  }

  override async read(dataId: object): Promise<BackendValues> {
    const held = this.tensorMap.has(dataId) && this.tensorMap.get(dataId).values != null;
    if (held) return super.read(dataId);
    this.#faults.requireAlive("read a tensor");
    this.#faults.requireTrusted(dataId, "read a tensor");
    let values: BackendValues;
    try {
      values = await super.read(dataId);
    } catch (error) {
      // A device that is lost while a read waits rejects the read first and says so a moment later.
      await Promise.race([this.device.lost, new Promise((done) => setTimeout(done, 100))]);
      this.#faults.requireAlive("read a tensor");
      throw error;
    }
    try {
      await this.#faults.settled();
      this.#faults.requireTrusted(dataId, "read a tensor");
      this.requireHealthy();
    } catch (error) {
      // What was read is kept by tfjs for the next reader: it must not be.
      if (this.tensorMap.has(dataId)) this.tensorMap.get(dataId).values = null as never;
      throw error;
    }
    return values;
  }

  override readSync(dataId: object): BackendValues {
    const data = this.tensorMap.get(dataId);
    if (data.values == null && data.dtype !== "string" && data.dtype !== "complex64") {
      throw new DeviceError(
        "unsupported",
        "Cannot read a GPU tensor synchronously as Deno has no canvas to do it by: await tensor.data() or tensor.array() instead of dataSync(), arraySync() or print()",
      );
    }
    return super.readSync(dataId);
  }

  override uploadToGPU(dataId: object): void {
    const { shape, dtype, resource } = this.tensorMap.get(dataId);
    if (resource == null) {
      const limit = this.device.limits.maxBufferSize;
      requireWithin(`put a ${dtype} tensor [${shape}] on the GPU`, "buffer", shape, limit);
    }
    super.uploadToGPU(dataId);
  }

  override dispose(): void {
    super.dispose();
    this.#faults.lose("its backend was disposed");
    this.device.destroy();
  }

  /** Opens error scopes around `record` and hands their answers to the ledger. */
  private watched<T>(operation: string, record: () => T): T {
    const buffer = this.#faults.current;
    this.device.pushErrorScope("out-of-memory");
    this.device.pushErrorScope("validation");
    try {
      return record();
    } finally {
      this.#faults.watch(operation, buffer, this.device.popErrorScope());
      this.#faults.watch(operation, buffer, this.device.popErrorScope());
    }
  }

  private requireBindable(operation: string, shapes: readonly number[][]): void {
    const limit = this.device.limits.maxStorageBufferBindingSize;
    for (const shape of shapes) requireWithin(`run ${operation}`, "storage binding", shape, limit);
  }
}

/** Throws where a tensor of `shape` takes more than `limit` bytes. */
function requireWithin(
  action: string,
  what: string,
  shape: readonly number[],
  limit: number,
): void {
  const bytes = 4 * shape.reduce((product, size) => product * size, 1);
  if (bytes > limit) {
    throw new RangeError(
      `Cannot ${action} as this adapter's largest ${what} is ${limit} bytes: tensor [${shape}] takes ${bytes}`,
    );
  }
}

/** How an operation is named to the reader: its program and the shapes it was given. */
function describeProgram(program: WebGPUProgram, inputs: readonly tf.TensorInfo[]): string {
  const named = program as WebGPUProgram & { readonly operation?: string };
  const name = named.operation ?? program.constructor.name.replace(/Program\d*$/, "");
  return `${name}(${inputs.map(({ shape }) => `[${shape}]`).join(", ")})`;
}
