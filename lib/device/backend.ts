// tfjs's WebGPU backend on a device of our own, with every fault made an exception.
import type { Channel } from "../tensor/exchange.ts";
import { tf } from "../tensor/tf.ts";
import { type Bound, type Command, type CommandRecorder, rangesOf } from "./command.ts";
import type { Dispatch, Halves, ProgramType } from "./dispatch.ts";
import { type Counters, type Encoding, encoding } from "./encoding.ts";
import { type ErrorScopes, errorScopes } from "./error_scopes.ts";
import { DeviceError } from "./errors.ts";
import { type FaultLedger, faultLedger } from "./faults.ts";
import { guardBuffers, type GuardedBuffers } from "./buffers.ts";
import { bytesIn, TENSOR_USAGE } from "./buffer_bytes.ts";
import { commandRunner } from "./run_command.ts";
import { type Uploads, uploads } from "./uploads.ts";
import { type Field, layOut, programFields } from "./program_uniforms.ts";
import { type Texels, type TexturePool, texturePool } from "./textures.ts";
import { type Transfers, transfers } from "./transfers.ts";
import { isWhole, nearestWhole, type WholePrograms, wholePrograms } from "./whole_numbers.ts";
import { type OpenBackend, WebGPUBackend, type WebGPUProgram } from "./webgpu_backend.ts";

type Uniforms = Parameters<WebGPUBackend["runWebGPUProgram"]>[3];
type BackendValues = ReturnType<WebGPUBackend["readSync"]>;

/**
 * tfjs's WebGPU backend, which returns zeros or stale numbers when a shader, a
 * binding or the device fails, with each operation watched by error scopes, so
 * that a wrong result cannot be read: see {@linkcode FaultLedger}.
 */
export class GuardedBackend extends WebGPUBackend {
  /** Textures to be filled with tensors, free between commands. */
  readonly textures: TexturePool;
  /** The largest binding in bytes, a multiple of what an offset must be one of. */
  bindingLimit: number;
  /** Encodes commands, and counts them. */
  readonly encoding: Encoding = encoding(this.hidden);
  /** Writes and reads buffers. */
  readonly transfers: Transfers;
  readonly #faults: FaultLedger = faultLedger((_, from) => this.recoverFrom(from));
  readonly #buffers: GuardedBuffers;
  readonly #uploads: Uploads;
  readonly #whole: WholePrograms;
  readonly #scopes: ErrorScopes;
  readonly #runCommand: (command: Command) => void;
  /** Data of tensors made while recording: there are no numbers behind them. */
  readonly #unreal = new WeakSet<object>();
  #recorder: CommandRecorder | undefined;
  #halves: Halves | undefined;

  /**
   * @param device the device to run on; the backend owns it from here on
   * @param info the adapter it came from
   */
  constructor(device: GPUDevice, info: GPUAdapterInfo) {
    super(device, info);
    const { maxStorageBufferBindingSize, minStorageBufferOffsetAlignment } = device.limits;
    this.bindingLimit = maxStorageBufferBindingSize -
      maxStorageBufferBindingSize % minStorageBufferOffsetAlignment;
    this.textures = texturePool(device);
    this.#whole = wholePrograms(device);
    const { hidden, bufferManager, encoding } = this;
    this.#buffers = guardBuffers(
      bufferManager,
      this.#faults,
      (bytes) => void (encoding.counted.allocatedBytes += bytes),
    );
    this.#uploads = uploads((buffer) => bufferManager.releaseBuffer(buffer, false));
    this.#scopes = errorScopes(device, this.#faults);
    this.transfers = transfers(hidden, encoding, this.#faults, this.#scopes);
    this.#runCommand = commandRunner(hidden, this);
    const submitPixels = hidden.recordAndSubmit;
    hidden.recordAndSubmit = (program, output, inputs, own): void =>
      program.pixelsOpType == null
        ? this.runProgram(program, output, inputs, own)
        : this.runPixels(() => submitPixels.call(this, program, output, inputs, own));
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

  /** What was given to the device so far. */
  get counted(): Counters {
    const allocatedBytes = this.encoding.counted.allocatedBytes + this.textures.bytes;
    return { ...this.encoding.counted, allocatedBytes };
  }

  /** Whether operations are recorded, not run. */
  get isRecording(): boolean {
    return this.#recorder !== undefined;
  }

  /**
   * Whether a tensor's numbers are likely to be the same when what is being recorded is replayed: it is
   * an argument, such as a network's weights, and no gradient is asked for, by which they would change.
   */
  mayLast(info: tf.TensorInfo): boolean {
    const { state } = tf.engine() as unknown as { readonly state: { gradientDepth: number } };
    return state.gradientDepth === 0 && this.#recorder?.isGiven(info) === true;
  }

  /**
   * Gives what operations would run to a recorder. No tensor made meanwhile has
   * numbers, so it can neither be read nor, afterwards, be used.
   *
   * @param recorder takes the commands
   * @param f calls operations
   */
  recording(recorder: CommandRecorder, f: () => void): void {
    this.#recorder = recorder;
    try {
      f();
    } finally {
      this.#recorder = undefined;
      if (this.#halves) this.disposeData(this.#halves.flag.dataId);
      this.#halves = undefined;
    }
  }

  /** Mixed precision, if what is recorded is to hold tensors as float16. */
  get halves(): Halves | undefined {
    return this.#halves;
  }

  /**
   * Has what is recorded hold tensors as float16 where it can.
   *
   * @param flag a zero that a dispatch has made, which is set where a number is too large
   * @throws {DeviceError} if nothing is being recorded, or the adapter knows no float16
   */
  holdHalves(flag: tf.TensorInfo): Halves {
    const fault = this.device.features.has("shader-f16")
      ? this.#recorder ? undefined : "must be recorded, see jit, got a plain call"
      : "must run on an adapter with shader-f16, got one without";
    if (fault) {
      throw new DeviceError("unsupported", `Cannot hold tensors as float16: they ${fault}`);
    }
    this.#recorder!.holdHalves(flag);
    return this.#halves = { flag, spared: new WeakSet() };
  }

  /** Marks data without numbers. */
  markUnreal(dataId: object): void {
    this.#unreal.add(dataId);
  }

  /** How many operations failed so far. */
  get faultCount(): number {
    return this.#faults.count;
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
  private get hidden(): OpenBackend {
    return this as unknown as OpenBackend;
  }

  /** Drops what is recorded but not submitted: it holds a failed operation, which would spoil what follows. */
  private abandonCommands(): void {
    if (!this.hidden.commandEncoder) return;
    this.endComputePassEncoder();
    this.hidden.commandEncoder = this.device.createCommandEncoder();
    super.submitQueue();
  }

  /** After a fault: nothing that came with a spoilt command buffer is used again. */
  private recoverFrom(from: number): void {
    this.abandonCommands();
    this.#uploads.restore(from);
    this.#buffers.purge();
    this.textures.purge();
  }

  override runWebGPUProgram(
    program: WebGPUProgram,
    inputs: tf.TensorInfo[],
    outputDtype: tf.DataType,
    uniforms?: Uniforms,
    output?: tf.TensorInfo,
  ): tf.TensorInfo {
    const operation = operationOf(program);
    return this.guarded(
      describe(operation, inputs),
      inputs,
      [...inputs.map(({ shape }) => shape), program.outputShape],
      () => [
        this.#whole.during(
          operation,
          inputs,
          outputDtype,
          () => super.runWebGPUProgram(program, inputs, outputDtype, uniforms, output),
        ),
      ],
    )[0]!;
  }

  /**
   * Records one dispatch of neocog's own.
   *
   * @param dispatch what to run on which tensors
   * @returns the results, of `dispatch.results`
   */
  runDispatch(dispatch: Dispatch): tf.TensorInfo[] {
    const { operation, inputs, updated, results, types } = dispatch;
    const given = [...updated, ...inputs];
    const named = describe(operation, given);
    given.forEach((info, i) => this.requireType(named, info, types[results.length + i]!));
    return this.guarded(named, given, [], () => {
      // Also what is updated is not to be trusted if this fails.
      for (const { dataId } of updated) this.#faults.wrote(dataId, this.#faults.current);
      const made = results.map((shape, i) =>
        this.makeTensorInfo(
          [...shape],
          types[i]!,
          isEmpty(shape) ? tf.util.getTypedArrayFromDType(types[i]!, 0) : undefined,
        )
      );
      const written = [...made, ...updated];
      if (written.some(({ shape }) => !isEmpty(shape))) this.record(dispatch, written);
      return made;
    });
  }

  /** Throws if a tensor is not of the type that a program takes it for, or its numbers are not. */
  private requireType(
    operation: string,
    { dtype, dataId }: tf.TensorInfo,
    type: ProgramType,
  ): void {
    const held = this.tensorMap.get(dataId).dtype;
    if (dtype === type && (held === type || (isWhole(held) && isWhole(type)))) return;
    throw new TypeError(
      dtype === type
        ? `Cannot run ${operation}: its inputs' numbers must be ${type}, got ${held}, seen as ${type}`
        : `Cannot run ${operation}: its inputs must be ${type}, got ${dtype}`,
    );
  }

  /**
   * Copies a tensor on the GPU: what a dispatch may update in its place.
   *
   * @param source any tensor
   * @returns a tensor of the same shape, type and numbers
   */
  copyTensor(source: tf.TensorInfo): tf.TensorInfo {
    const { shape, dtype } = source;
    return this.guarded(describe("Copy", [source]), [source], [], () => {
      const copy = this.makeTensorInfo([...shape], dtype);
      if (isEmpty(shape)) {
        const none = tf.util.getTypedArrayFromDType(dtype as tf.NumericDataType, 0);
        this.tensorMap.get(copy.dataId).values = none;
      } else if (this.#recorder) {
        this.#recorder.copy(source, copy);
      } else {
        for (const { dataId } of [source, copy]) this.uploadToGPU(dataId);
        const from = this.bufferOf(source.dataId);
        this.encoding.copy(from, this.bufferOf(copy.dataId), from.size);
        for (const { dataId } of [source, copy]) this.hidden.commandQueueOwnedIds.add(dataId);
      }
      return [copy];
    })[0]!;
  }

  /** The buffer that holds a tensor, which is on the GPU. */
  bufferOf(dataId: object): GPUBuffer {
    return this.tensorMap.get(dataId).resource as GPUBuffer;
  }

  /** Records an operation whose inputs are sound and whose tensors, of `shapes`, can be bound, and watches it. */
  private guarded(
    operation: string,
    inputs: readonly tf.TensorInfo[],
    shapes: readonly (readonly number[])[],
    record: () => tf.TensorInfo[],
  ): tf.TensorInfo[] {
    this.requireSound(operation, inputs);
    for (const each of shapes) {
      requireWithin(`run ${operation}`, "storage binding", each, this.bindingLimit);
    }
    return this.watchedResults(`run ${operation}`, record);
  }

  /**
   * Encodes and submits what a plan recorded, as one operation.
   *
   * @param operation what to call it in errors
   * @param inputs the tensors it reads
   * @param encode calls the methods that encode, and returns the tensors written
   * @returns the tensors written
   */
  replay(
    operation: string,
    inputs: readonly tf.TensorInfo[],
    encode: () => tf.TensorInfo[],
  ): tf.TensorInfo[] {
    this.requireSound(operation, inputs);
    return this.watchedResults(`run ${operation}`, () => {
      const results = encode();
      if (this.hidden.commandEncoder) this.submitQueue();
      return results;
    });
  }

  /** Takes down an exchange with other ranks; outside a recording nobody could wait for them. */
  exchange(from: readonly tf.TensorInfo[], channel: Channel): tf.TensorInfo[] {
    if (!this.#recorder) {
      throw new DeviceError(
        "unsupported",
        "Cannot exchange numbers with other ranks on a GPU outside a recorded function: leave out jit: false",
      );
    }
    const to = from.map(({ shape, dtype }) => this.makeTensorInfo([...shape], dtype));
    this.#recorder.exchange(from, to, channel);
    return to;
  }

  private requireSound(operation: string, inputs: readonly tf.TensorInfo[]): void {
    const action = `run ${operation}`;
    this.#faults.requireAlive(action);
    for (const { dataId } of inputs) {
      this.#faults.requireTrusted(dataId, action);
      if (!this.#recorder) this.requireReal(dataId, action);
    }
  }

  private requireReal(dataId: object, action: string): void {
    if (!this.#unreal.has(dataId)) return;
    throw new TypeError(
      `Cannot ${action}: a tensor must have numbers: it was made while a function was recorded, and kept. Return it from the function`,
    );
  }

  /** Whether a few numbers that the host knows are computed there; in a recording, constants alone. */
  override shouldExecuteOnCPU(inputs: tf.TensorInfo[], sizeThreshold?: number): boolean {
    if (this.#recorder) {
      if (inputs.some(({ dataId }) => this.tensorMap.get(dataId).values == null)) return false;
    } else {
      for (const { dataId } of inputs) this.requireReal(dataId, "use a tensor");
    }
    return super.shouldExecuteOnCPU(inputs, sizeThreshold);
  }

  private watchedResults(action: string, record: () => tf.TensorInfo[]): tf.TensorInfo[] {
    // Recording may submit, so the command buffer is noted before.
    const buffer = this.#faults.current;
    const results = this.#scopes.watched(action, record);
    for (const { dataId } of results) this.#faults.wrote(dataId, buffer);
    return results;
  }

  /** A dispatch of neocog's own. */
  private record(dispatch: Dispatch, written: readonly tf.TensorInfo[]): void {
    const { operation, inputs, uniforms, key, workgroups } = dispatch;
    const made = written.length - dispatch.updated.length;
    this.run({
      operation,
      pipeline: dispatch.pipeline,
      bound: [
        ...written.flatMap((info, i) => this.inRanges(info, i < made ? "write" : "update")),
        ...inputs.flatMap((info, i) => this.inRanges(info, "read", dispatch.held[i])),
        ...(dispatch.overflow ? this.inRanges(dispatch.overflow, "update") : []),
      ],
      uniforms: new Uint8Array(uniforms.buffer, uniforms.byteOffset, uniforms.byteLength),
      key,
      workgroups,
      fusion: dispatch.fusion,
      half: dispatch.half,
      textured: dispatch.textured,
    });
  }

  /** A tensor as it is bound: whole, in ranges, or as a texture. */
  private inRanges(info: tf.TensorInfo, access: Bound["access"], texels?: Texels): Bound[] {
    if (texels) return [{ info, access, texels }];
    const bytes = 4 * tf.util.sizeFromShape(info.shape);
    return rangesOf(bytes, this.bindingLimit).map((range) => ({ info, access, range }));
  }

  /** A dispatch of tfjs's, whose pipeline is compiled. */
  private runProgram(
    program: WebGPUProgram,
    output: tf.TensorInfo,
    inputs: readonly tf.TensorInfo[],
    own?: readonly Field[],
  ): void {
    const pipeline = program.pipeline as GPUComputePipeline;
    const fields = programFields(program, [...inputs, output], own);
    this.run({
      operation: operationOf(program),
      pipeline: () => pipeline,
      bound: [
        { info: output, access: "write" },
        ...inputs.map((info): Bound => ({ info, access: "read" })),
      ],
      uniforms: layOut(this.#whole.has(pipeline) ? fields.map(wholeField) : fields),
      workgroups: program.dispatch,
    });
  }

  /** A dispatch of tfjs's that binds pictures, which only tfjs knows how to. */
  private runPixels(submit: () => void): void {
    if (this.#recorder) {
      throw this.#recorder.refuse(
        new TypeError(
          "Cannot record a function: it must work on tensors, got a picture of the browser's. Make a tensor of it outside",
        ),
      );
    }
    submit();
    this.encoding.forgetPipeline();
  }

  /** Encodes a dispatch, or gives it to the recorder. */
  private run(command: Command): void {
    if (this.#recorder) this.#recorder.run(command);
    else this.#runCommand(command);
  }

  override endComputePassEncoder(): void {
    super.endComputePassEncoder();
    this.encoding.forgetPipeline();
  }

  override submitQueue(): void {
    this.endComputePassEncoder();
    const number = this.#faults.current;
    this.#scopes.watched("submit commands", () => super.submitQueue());
    this.#faults.settled().then(() => this.#uploads.forget(number));
    this.#faults.submitted();
    this.encoding.counted.submits++;
  }

  /** Tells the recorder that its function asks for numbers that there are not yet. */
  private refuseRead(recorder: CommandRecorder, dataId: object): Error {
    const { dtype, shape } = this.tensorMap.get(dataId);
    return recorder.refuse(
      new TypeError(
        `Cannot record a function: it must not read a tensor's numbers or depend on them, got a read of ${dtype} [${shape}]. Return the tensor and read it outside`,
      ),
    );
  }

  override async read(dataId: object): Promise<BackendValues> {
    const data = this.tensorMap.has(dataId) ? this.tensorMap.get(dataId) : undefined;
    // What is held on the host is sound; complex tensors are read by their parts, through here.
    if (!data || data.values != null || data.dtype === "complex64") return super.read(dataId);
    if (this.#recorder) {
      this.refuseRead(this.#recorder, dataId);
      // The recording fails at once; a rejection that nobody waits for would end the process.
      return new Promise(() => {});
    }
    const action = `read a tensor [${data.shape}]`;
    this.requireReal(dataId, action);
    if (!(data.resource instanceof GPUBuffer)) return super.read(dataId);
    this.#faults.requireAlive(action);
    this.#faults.requireTrusted(dataId, action);
    const { resource: buffer } = data;
    const bytes = await this.transfers.read([{ buffer, bytes: buffer.size }], action);
    this.#faults.requireTrusted(dataId, action);
    this.requireHealthy();
    // Kept for the next reader only now: a reader in between must not find what is not to be trusted.
    const values = tf.util.convertBackendValuesAndArrayBuffer(bytes, data.dtype);
    if (this.tensorMap.has(dataId)) this.tensorMap.get(dataId).values = values;
    return values;
  }

  override readSync(dataId: object): BackendValues {
    const data = this.tensorMap.get(dataId);
    if (data.values == null && data.dtype !== "string" && data.dtype !== "complex64") {
      if (this.#recorder) throw this.refuseRead(this.#recorder, dataId);
      const action = `read a tensor [${data.shape}]`;
      this.#faults.requireAlive(action);
      this.requireReal(dataId, action);
      throw new DeviceError(
        "unsupported",
        "Cannot read a GPU tensor synchronously: Deno has no canvas to do it by: await tensor.data() or tensor.array() instead of dataSync(), arraySync() or print()",
      );
    }
    return super.readSync(dataId);
  }

  override uploadToGPU(dataId: object): void {
    const data = this.tensorMap.get(dataId);
    const { shape, dtype, resource, values } = data;
    if (resource != null) return;
    const limit = this.device.limits.maxBufferSize;
    requireWithin(`put a ${dtype} tensor [${shape}] on the GPU`, "buffer", shape, limit);
    if (this.#recorder) return; // A plan has buffers of its own.
    if (!values || isEmpty(shape)) return super.uploadToGPU(dataId);
    // At once: tfjs's copy is lost with its command buffer if another operation in it fails.
    const bytes = bytesIn(dtype, values as ArrayLike<number>);
    const count = tf.util.sizeFromShape(shape);
    if (bytes.length !== 4 * count) {
      throw new TypeError(
        `Cannot put a ${dtype} tensor [${shape}] on the GPU: it must have ${count} numbers, got ${values.length}`,
      );
    }
    const buffer = this.bufferManager.acquireBuffer(bytes.length, TENSOR_USAGE);
    this.transfers.write(buffer, bytes);
    this.#uploads.add({ buffer, data, values, number: this.#faults.current });
    data.resource = buffer;
    data.values = null as unknown as BackendValues;
  }

  override dispose(): void {
    super.dispose();
    this.#faults.lose("its backend was disposed");
    this.device.destroy();
  }
}

/** A field of a program of whole numbers. */
function wholeField({ type, data }: Field): Field {
  return type === "float32" ? { type: "int32", data: data.map(nearestWhole) } : { type, data };
}

/** The operation of one of tfjs's programs. */
function operationOf(program: WebGPUProgram): string {
  return program.constructor.name.replace(/Program\d*$/, "");
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
      `Cannot ${action}: this adapter's largest ${what} is ${limit} bytes: tensor [${shape}] takes ${bytes}`,
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
