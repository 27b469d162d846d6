// What WebGPU is given to run: the text of each dispatch, its workgroups, and what is bound.

/** A dispatch as WebGPU was given it. */
export type Dispatched = {
  readonly label: string;
  readonly text: string;
  readonly workgroups: readonly [number, number, number];
  /** Bytes of all storage that is bound. */
  readonly bytes: number;
  /** The numbers of its uniforms, as far as they were written from the host. */
  readonly uniforms: Uint8Array<ArrayBuffer>;
};

/** What is bound: bytes of storage, and where the numbers lie. */
type Bound = { readonly bytes: number; readonly numbers: GPUBufferBinding | undefined };

function boundOf(descriptor: GPUBindGroupDescriptor): Bound {
  const buffers = [...descriptor.entries].flatMap(({ resource }) =>
    "buffer" in resource ? [resource] : []
  );
  const isNumbers = ({ buffer }: GPUBufferBinding): boolean =>
    (buffer.usage & GPUBufferUsage.UNIFORM) !== 0;
  return {
    bytes: buffers.filter((one) => !isNumbers(one))
      .reduce((sum, { buffer, size }) => sum + (size ?? buffer.size), 0),
    numbers: buffers.find(isNumbers),
  };
}

/** The form that is used, without dynamic offsets. */
type SetBindGroup = (this: GPUComputePassEncoder, index: number, group: GPUBindGroup) => undefined;

/** Puts functions in the place of others of a prototype; returns what puts them back. */
function replace<T extends object>(target: T, own: Partial<T>): () => void {
  const before = Object.fromEntries(
    Object.keys(own).map((name) => [name, target[name as keyof T]]),
  );
  Object.assign(target, own);
  return () => void Object.assign(target, before);
}

/**
 * Lists the dispatches that a function issues, tfjs's own among them, in place of running them. Seen
 * where they are handed to WebGPU, so that the texts are what its compiler gets.
 *
 * @param options `submits`: whether what else is encoded is run, and numbers are written. Default: yes
 */
export function watchDispatches({ submits = true } = {}): {
  readonly during: (f: () => void) => Dispatched[];
  readonly stop: () => void;
} {
  const texts = new WeakMap<GPUShaderModule, Pick<Dispatched, "label" | "text">>();
  const modules = new WeakMap<GPUComputePipeline, GPUShaderModule>();
  const current = new WeakMap<GPUComputePassEncoder, GPUComputePipeline>();
  const groups = new WeakMap<GPUBindGroup, Bound>();
  const given = new WeakMap<GPUComputePassEncoder, Bound>();
  const contents = new WeakMap<GPUBuffer, Uint8Array<ArrayBuffer>>();
  const [device, pass, queue] = [
    GPUDevice.prototype,
    GPUComputePassEncoder.prototype,
    GPUQueue.prototype,
  ];
  const { createShaderModule, createComputePipeline, createBindGroup } = device;
  const { setPipeline, setBindGroup } = pass;
  const { writeBuffer, submit } = queue;
  let seen: Dispatched[] = [];
  const numbersOf = ({ numbers }: Bound): Uint8Array<ArrayBuffer> => {
    if (!numbers) return new Uint8Array();
    const { buffer, offset = 0, size = buffer.size - offset } = numbers;
    return (contents.get(buffer) ?? new Uint8Array(buffer.size)).slice(offset, offset + size);
  };
  const undo = [
    replace(device, {
      createShaderModule(this: GPUDevice, descriptor): GPUShaderModule {
        const module = createShaderModule.call(this, descriptor);
        texts.set(module, { label: descriptor.label ?? "kernel", text: descriptor.code });
        return module;
      },
      createComputePipeline(this: GPUDevice, descriptor): GPUComputePipeline {
        const pipeline = createComputePipeline.call(this, descriptor);
        modules.set(pipeline, descriptor.compute.module);
        return pipeline;
      },
      createBindGroup(this: GPUDevice, descriptor): GPUBindGroup {
        const group = createBindGroup.call(this, descriptor);
        groups.set(group, boundOf(descriptor));
        return group;
      },
    }),
    replace(queue, {
      writeBuffer(this: GPUQueue, buffer, offset, data, from = 0, size): undefined {
        if ((buffer.usage & GPUBufferUsage.UNIFORM) !== 0) {
          const bytes = ArrayBuffer.isView(data)
            ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
            : new Uint8Array(data);
          const held = contents.get(buffer) ?? new Uint8Array(buffer.size);
          held.set(size === undefined ? bytes : bytes.subarray(0, size), offset);
          contents.set(buffer, held);
        }
        if (submits) writeBuffer.call(this, buffer, offset, data as BufferSource, from, size);
      },
      submit(this: GPUQueue, commands): undefined {
        if (submits) submit.call(this, commands);
      },
    } as Partial<GPUQueue>),
    replace(pass, {
      setPipeline(this: GPUComputePassEncoder, pipeline): undefined {
        current.set(this, pipeline);
        setPipeline.call(this, pipeline);
      },
      setBindGroup(this: GPUComputePassEncoder, index: number, group: GPUBindGroup): undefined {
        given.set(this, groups.get(group)!);
        (setBindGroup as SetBindGroup).call(this, index, group);
      },
      dispatchWorkgroups(this: GPUComputePassEncoder, x, y = 1, z = 1): undefined {
        if (x * y * z === 0) return; // Has a pipeline compiled, and nothing computed.
        const bound = given.get(this)!;
        seen.push({
          ...texts.get(modules.get(current.get(this)!)!)!,
          workgroups: [x, y, z],
          bytes: bound.bytes,
          uniforms: numbersOf(bound),
        });
      },
    } as Partial<GPUComputePassEncoder>),
  ];
  return {
    during: (f) => {
      const own: Dispatched[] = seen = [];
      f();
      seen = [];
      return own;
    },
    stop: () => {
      for (const putBack of undo) putBack();
    },
  };
}
