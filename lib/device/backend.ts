// tfjs's WebGPU backend on a device of our own, with every fault made an exception.
import type { Key } from "../tensor/random.ts";
import { tf } from "../tensor/tf.ts";
import { DeviceError } from "./errors.ts";
import { type FaultLedger, faultLedger } from "./faults.ts";
import { type HeldTexture, type Texels, type TexturePool, texturePool } from "./textures.ts";
import { WebGPUBackend, type WebGPUProgram } from "./webgpu_backend.ts";

type Uniforms = Parameters<WebGPUBackend["runWebGPUProgram"]>[3];
type BackendValues = ReturnType<WebGPUBackend["readSync"]>;

/** A dispatch of neocog's own, on float32 tensors. */
export type Dispatch = {
  /** The operation's name, for errors and profiles. */
  readonly operation: string;
  /** Compiles, or answers what is compiled: it binds results, updated, inputs, uniforms, from 0. */
  readonly pipeline: () => GPUComputePipeline;
  /** Shapes of the results, which it writes whole. */
  readonly results: readonly (readonly number[])[];
  /** Tensors that it writes over where they lie: nobody else may have them. */
  readonly updated: readonly tf.TensorInfo[];
  readonly inputs: readonly tf.TensorInfo[];
  /** Which inputs are bound as textures, and of which texels: see {@linkcode TexturePool}. */
  readonly held: readonly (Texels | undefined)[];
  readonly uniforms: Uint32Array<ArrayBuffer>;
  /** The key whose two words lie among the uniforms, and from which word on. */
  readonly key?: { readonly words: Key; readonly at: number } | undefined;
  readonly workgroups: readonly [x: number, y: number, z: number];
};

/**
 * tfjs's WebGPU backend, which answers zeros or stale numbers when a shader, a
 * binding or the device fails, with each operation watched by error scopes, so
 * that a wrong answer can not be read: see {@linkcode FaultLedger}.
 */
export class GuardedBackend extends WebGPUBackend {
  readonly #textures: TexturePool;
  readonly #faults: FaultLedger = faultLedger(() => this.abandonCommands());

  /**
   * @param device the device to run on; the backend owns it from here on
   * @param info the adapter it came from
   */
  constructor(device: GPUDevice, info: GPUAdapterInfo) {
    super(device, info);
    this.#textures = texturePool(device);
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
  private get hidden(): HiddenBackend {
    return this as unknown as HiddenBackend;
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
    const name = program.constructor.name.replace(/Program\d*$/, "");
    return this.guarded(
      describe(name, inputs),
      inputs,
      [program.outputShape],
      () => [super.runWebGPUProgram(program, inputs, outputDtype, uniforms, output)],
    )[0]!;
  }

  /**
   * Records one dispatch of neocog's own.
   *
   * @param dispatch what to run on which tensors
   * @returns the results, float32 of `dispatch.results`
   */
  runDispatch(dispatch: Dispatch): tf.TensorInfo[] {
    const { operation, inputs, updated, results } = dispatch;
    const named = describe(operation, [...updated, ...inputs]);
    const other = [...updated, ...inputs].find(({ dtype }) => dtype !== "float32");
    if (other) {
      throw new TypeError(
        `Cannot run ${named} as its inputs must be float32: current value is ${other.dtype}`,
      );
    }
    return this.guarded(named, [...updated, ...inputs], results, () => {
      const made = results.map((shape) =>
        isEmpty(shape)
          ? this.makeTensorInfo([...shape], "float32", new Float32Array(0))
          : this.makeTensorInfo([...shape], "float32")
      );
      const written = [...made, ...updated];
      if (written.some(({ shape }) => !isEmpty(shape))) this.record(dispatch, written);
      return made;
    });
  }

  /**
   * Copies a tensor on the GPU: what a dispatch may update in its place.
   *
   * @param source any tensor
   * @returns a tensor of the same shape, type and numbers
   */
  copyTensor(source: tf.TensorInfo): tf.TensorInfo {
    const { shape, dtype } = source;
    return this.guarded(describe("Copy", [source]), [source], [shape], () => {
      const copy = this.makeTensorInfo([...shape], dtype);
      for (const { dataId } of [source, copy]) this.uploadToGPU(dataId);
      const [from, to] = [source, copy].map(({ dataId }) => this.bufferOf(dataId)) as [
        GPUBuffer,
        GPUBuffer,
      ];
      this.encoder().copyBufferToBuffer(from, 0, to, 0, from.size);
      for (const { dataId } of [source, copy]) this.hidden.commandQueueOwnedIds.add(dataId);
      return [copy];
    })[0]!;
  }

  private bufferOf(dataId: object): GPUBuffer {
    return this.tensorMap.get(dataId).resource as GPUBuffer;
  }

  /** Records an operation whose inputs are sound and whose tensors can be bound, and watches it. */
  private guarded(
    operation: string,
    inputs: readonly tf.TensorInfo[],
    shapes: readonly (readonly number[])[],
    record: () => tf.TensorInfo[],
  ): tf.TensorInfo[] {
    this.#faults.requireAlive(operation);
    for (const { dataId } of inputs) this.#faults.requireTrusted(dataId, operation);
    const limit = this.device.limits.maxStorageBufferBindingSize;
    for (const each of [...inputs.map((input) => input.shape), ...shapes]) {
      requireWithin(`run ${operation}`, "storage binding", each, limit);
    }
    // Recording may submit, so the command buffer is noted before.
    const buffer = this.#faults.current;
    const results = this.watched(operation, record);
    for (const { dataId } of results) this.#faults.wrote(dataId, buffer);
    return results;
  }

  private record(dispatch: Dispatch, written: readonly tf.TensorInfo[]): void {
    const { operation, inputs, uniforms, workgroups } = dispatch;
    const pipeline = dispatch.pipeline();
    for (const { dataId } of [...written, ...inputs]) this.uploadToGPU(dataId);
    const bound = inputs.map(({ dataId }, i) => {
      const buffer = this.bufferOf(dataId);
      const texels = dispatch.held[i];
      return texels ? this.#textures.hold(this.encoder(), buffer, texels) : { buffer };
    });
    const outputs = written.map(({ dataId }) => ({ buffer: this.bufferOf(dataId) }));
    const entries = [...outputs, ...bound.map(bindable), { buffer: this.uniformBuffer(uniforms) }];
    const group = this.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: entries.map((resource, binding) => ({ binding, resource })),
    });
    for (const { dataId } of [...written, ...inputs]) this.hidden.commandQueueOwnedIds.add(dataId);
    const pass = this.computePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...workgroups);
    // Commands run in their order: the next dispatch may fill the same textures anew.
    for (const each of bound) if ("view" in each) this.#textures.release(each);
    this.finishDispatch(operation);
  }

  /** The command encoder, outside any pass. */
  private encoder(): GPUCommandEncoder {
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    return this.hidden.commandEncoder!;
  }

  /** The pass that is being recorded, or a new one; a timed one where `tf.time` listens. */
  private computePass(): GPUComputePassEncoder {
    const { hidden } = this;
    if (hidden.activeTimers && this.device.features.has("timestamp-query")) {
      const encoder = this.encoder();
      const querySet = hidden.querySet ??= this.device.createQuerySet({
        type: "timestamp",
        count: 2,
      });
      const timestampWrites = {
        querySet,
        beginningOfPassWriteIndex: 0,
        endOfPassWriteIndex: 1,
      };
      return hidden.computePassEncoder = encoder.beginComputePass({ timestampWrites });
    }
    this.ensureCommandEncoderReady();
    return hidden.computePassEncoder ??= hidden.commandEncoder!.beginComputePass();
  }

  /** Submits what is recorded when it is time to, as tfjs does after its own dispatches. */
  private finishDispatch(operation: string): void {
    const { hidden } = this;
    hidden.dispatchCountInPass++;
    if (hidden.activeTimers) {
      this.endComputePassEncoder();
      hidden.activeTimers.push({ name: operation, query: this.getQueryTime() });
    } else if (
      hidden.dispatchCountInPass >= tf.env().getNumber("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE")
    ) {
      this.submitQueue();
    }
  }

  private uniformBuffer(values: Uint32Array<ArrayBuffer>): GPUBuffer {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM;
    const buffer = this.bufferManager.acquireBuffer(values.byteLength, usage);
    this.queue.writeBuffer(buffer, 0, values);
    this.hidden.uniformPendingDisposal.push(buffer);
    return buffer;
  }

  override submitQueue(): void {
    this.endComputePassEncoder();
    this.watched("a submit", () => super.submitQueue());
    this.#faults.submitted();
  }

  override async read(dataId: object): Promise<BackendValues> {
    const data = this.tensorMap.has(dataId) ? this.tensorMap.get(dataId) : undefined;
    // What is held on the host is sound; complex tensors are read by their parts, through here.
    if (!data || data.values != null || !(data.resource instanceof GPUBuffer)) {
      return super.read(dataId);
    }
    this.#faults.requireAlive("read a tensor");
    this.#faults.requireTrusted(dataId, "read a tensor");
    const bytes = await this.download(data.resource);
    await this.#faults.settled();
    this.#faults.requireTrusted(dataId, "read a tensor");
    this.requireHealthy();
    // Kept for the next reader only now: a reader in between must not find what is not to be trusted.
    const values = tf.util.convertBackendValuesAndArrayBuffer(bytes, data.dtype);
    if (this.tensorMap.has(dataId)) this.tensorMap.get(dataId).values = values;
    return values;
  }

  private async download(buffer: GPUBuffer): Promise<ArrayBuffer> {
    try {
      return await this.getBufferData(buffer);
    } catch (error) {
      // A device that is lost while a read waits rejects the read first and says so a moment later.
      await Promise.race([this.device.lost, new Promise((done) => setTimeout(done, 100))]);
      this.#faults.requireAlive("read a tensor");
      throw error;
    }
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
}

function bindable(bound: HeldTexture | GPUBufferBinding): GPUTextureView | GPUBufferBinding {
  return "view" in bound ? bound.view : bound;
}

/** The part of tfjs's backend that its types hide. */
type HiddenBackend = {
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  /** Tensors that the recorded commands use: their buffers are not recycled before the submit. */
  commandQueueOwnedIds: WeakSet<object>;
  dispatchCountInPass: number;
  uniformPendingDisposal: GPUBuffer[];
  /** Where `tf.time` listens: the programs run since, with their times to come. */
  activeTimers: { name: string; query: Promise<number> }[] | null;
  querySet: GPUQuerySet | null;
};

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

function isEmpty(shape: readonly number[]): boolean {
  return shape.includes(0);
}

/** How an operation is named to the reader: with the shapes it was given. */
function describe(name: string, inputs: readonly tf.TensorInfo[]): string {
  return `${name}(${inputs.map(({ shape }) => `[${shape}]`).join(", ")})`;
}
