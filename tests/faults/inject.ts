// A fault in a process at a chosen moment, by the variable NEOCOG_FAULT: files that are refused, a kill
// during a write, a device that is lost at a submit. Loaded before a task: deno run --preload.

/** What is done, and when. */
export type Fault = {
  /** What is counted and fails: calls that change files, or submits to the GPU. */
  readonly of: "files" | "submits";
  /**
   * The calls that fail, from 1; none if empty, so that they are only counted. Of files one, of
   * submits each.
   */
  readonly at: readonly number[];
  /** A refusal of the system; `kill` ends the process; `lose` loses the device. */
  readonly what: "ENOSPC" | "EIO" | "EACCES" | "kill" | "lose";
  /** Whether the call is done before, or a write half. */
  readonly done?: "not" | "half" | "whole";
  /** A file for the number of calls, written when the process ends. */
  readonly count?: string;
};

/** What the system says, in Deno's classes. */
function refusal(what: "ENOSPC" | "EIO" | "EACCES"): Error {
  if (what === "EACCES") {
    return Object.assign(new Deno.errors.PermissionDenied("Permission denied (os error 13)"), {
      code: what,
    });
  }
  const text = what === "EIO"
    ? "Input/output error (os error 5)"
    : "No space left on device (os error 28)";
  return Object.assign(new Error(text), { code: what });
}

type Call = (...args: never[]) => unknown;

/** Lets calls that change files fail as a fault says; the function takes that back. */
export function injectFiles(fault: Fault): { readonly calls: () => number; restore(): void } {
  let calls = 0;
  const undo: (() => void)[] = [];
  const opened = new WeakSet<object>();
  const fail = (): Error => {
    if (fault.what === "kill") Deno.kill(Deno.pid, "SIGKILL");
    return refusal(fault.what as "EIO");
  };
  const patch = (
    owner: Record<string, unknown>,
    name: string,
    counts: (self: object, args: never[]) => boolean = () => true,
  ): void => {
    const original = owner[name] as Call;
    const isSync = name.endsWith("Sync");
    const patched = function (this: object, ...args: never[]): unknown {
      const isHit = counts(this, args) && fault.at.includes(++calls);
      if (!isHit) return original.apply(this, args);
      const [bytes] = args as unknown[];
      const half = fault.done === "half" && bytes instanceof Uint8Array
        ? [bytes.subarray(0, bytes.length >> 1)] as never[]
        : undefined;
      const isDone = fault.done === "whole" || half !== undefined;
      if (isSync) {
        if (isDone) original.apply(this, half ?? args);
        throw fail();
      }
      return Promise.resolve(isDone ? original.apply(this, half ?? args) : undefined)
        .then(() => Promise.reject(fail()));
    };
    owner[name] = patched;
    undo.push(() => owner[name] = original);
  };
  const deno = Deno as unknown as Record<string, unknown>;
  const open = Deno.open;
  patch(deno, "open", (_, [, options]) => {
    const { write, append } = (options ?? {}) as Deno.OpenOptions;
    return write === true || append === true;
  });
  const counted = Deno.open;
  deno.open = async (...args: Parameters<typeof open>): Promise<Deno.FsFile> => {
    const file = await counted(...args);
    if (args[1]?.write || args[1]?.append) opened.add(file);
    return file;
  };
  const changing = ["rename", "remove", "removeSync", "mkdir", "copyFile"];
  for (const name of [...changing, "writeFile", "writeTextFile"]) patch(deno, name);
  const file = Deno.FsFile.prototype as unknown as Record<string, unknown>;
  for (const name of ["write", "sync", "truncate"]) {
    patch(file, name, (self) => opened.has(self));
  }
  return { calls: () => calls, restore: () => undo.reverse().forEach((each) => each()) };
}

/** Loses the device at submits, as a fault says. */
export function injectSubmits(fault: Fault): { readonly calls: () => number; restore(): void } {
  let calls = 0;
  const { requestDevice } = GPUAdapter.prototype;
  const { submit } = GPUQueue.prototype;
  const devices = new WeakMap<GPUQueue, GPUDevice>();
  GPUAdapter.prototype.requestDevice = async function (...args): Promise<GPUDevice> {
    const device = await requestDevice.apply(this, args);
    devices.set(device.queue, device);
    return device;
  };
  GPUQueue.prototype.submit = function (...args): undefined {
    const isHit = fault.at.includes(++calls);
    if (isHit && fault.done !== "whole") devices.get(this)?.destroy();
    submit.apply(this, args);
    if (isHit && fault.done === "whole") devices.get(this)?.destroy();
  };
  return {
    calls: () => calls,
    restore(): void {
      GPUAdapter.prototype.requestDevice = requestDevice;
      GPUQueue.prototype.submit = submit;
    },
  };
}

/** Lets a buffer fail, as if there were no memory for it; the function takes that back. */
export function injectBuffers(at: number): { readonly calls: () => number; restore(): void } {
  const { createBuffer } = GPUDevice.prototype;
  let calls = 0;
  GPUDevice.prototype.createBuffer = function (descriptor): GPUBuffer {
    if (++calls !== at) return createBuffer.call(this, descriptor);
    // Beyond what the adapter has: an error, and a buffer that is none, but says that it is as asked.
    const { size, usage } = descriptor;
    const beyond = { size: 4 * Math.ceil(this.limits.maxBufferSize / 4) + 4, usage };
    return Object.defineProperties(createBuffer.call(this, beyond), {
      size: { value: size },
      usage: { value: usage },
    });
  };
  return {
    calls: () => calls,
    restore: () => void (GPUDevice.prototype.createBuffer = createBuffer),
  };
}

const said = Deno.env.get("NEOCOG_FAULT");
if (said) {
  const fault = JSON.parse(said) as Fault;
  const write = Deno.writeTextFileSync;
  const { calls } = fault.of === "files" ? injectFiles(fault) : injectSubmits(fault);
  const note = (): void => fault.count === undefined ? undefined : write(fault.count, `${calls()}`);
  globalThis.addEventListener("unload", note);
}
