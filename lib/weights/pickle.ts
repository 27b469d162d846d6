// Python's pickles, read without running anything: values are built of what this file knows.
// Source: https://github.com/python/cpython/blob/main/Lib/pickletools.py, "opcodes".

/** A value of a pickle. Lists and tuples are arrays; dictionaries, ordered or not, are maps. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Set<PickleValue>
  | object;

/** What a pickle may name and refer to. */
export type PickleHost = {
  /**
   * What a global stands for: a function of this program, called where the pickle calls it, or
   * another value. `undefined` refuses the pickle.
   */
  readonly global: (name: string) => PickleValue | PickleFunction | undefined;
  /** What a persistent id stands for. */
  readonly persistent: (id: PickleValue) => PickleValue;
};

/** A function that stands for a global. */
export class PickleFunction {
  constructor(readonly call: (args: readonly PickleValue[]) => PickleValue) {}
}

/** The bytes end within the pickle. */
export class PickleEnd extends SyntaxError {}

/** Where an unfinished list, tuple or dictionary begins on the stack. */
const MARK = Symbol("mark");

type Item = PickleValue | PickleFunction | typeof MARK;

/** The longest whole number in bytes. */
const LONGEST = 1024;

/**
 * Reads a pickle of protocol 0 to 5. No global is looked up but in `host`, and no object is made but
 * of its values.
 *
 * @param bytes the pickle, and what may follow it
 * @param start where it begins
 * @param host what globals and persistent ids stand for
 * @returns its value, and where it ended
 * @throws {PickleEnd} if the bytes end within it
 * @throws {SyntaxError} if it is damaged, or names a global that `host` does not know
 */
export function parsePickle(
  bytes: Uint8Array,
  start: number,
  host: PickleHost,
): { readonly value: PickleValue; readonly end: number } {
  const machine = new Machine(bytes, start, host);
  const value = machine.run();
  return { value, end: machine.at };
}

class Machine {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #host: PickleHost;
  readonly #stack: Item[] = [];
  readonly #memo = new Map<number, Item>();

  constructor(bytes: Uint8Array, start: number, host: PickleHost) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.#host = host;
  }

  run(): PickleValue {
    for (;;) {
      const place = this.at;
      const code = this.#take(1)[0]!;
      if (code === 0x2e) return this.#value(); // STOP
      const step = OPCODES[code];
      if (!step) {
        throw new SyntaxError(
          `its instruction at byte ${place} must be known, got 0x${code.toString(16)}`,
        );
      }
      step.call(null, this.#tools);
    }
  }

  readonly #tools: Tools = {
    take: (count) => this.#take(count),
    line: () => this.#line(),
    number: (kind) => this.#number(kind),
    push: (item) => void this.#stack.push(item),
    value: () => this.#value(),
    callee: () => this.#pop(),
    top: () => this.#top(),
    sinceMark: () => this.#sinceMark(),
    mark: () => void this.#stack.push(MARK),
    remember: (index) => void this.#memo.set(index ?? this.#memo.size, this.#peek()),
    recall: (index) => {
      const item = this.#memo.get(index);
      if (item === undefined) throw new SyntaxError(`its memo must have ${index}, got nothing`);
      this.#stack.push(item);
    },
    global: (name) => {
      const found = this.#host.global(name);
      if (found === undefined) {
        throw new SyntaxError(
          `it must name tensors, storages, ordered dictionaries and numbers alone, got ${name}: nothing of a file is run. Save the numbers alone: torch.save(model.state_dict(), "weights.pth")`,
        );
      }
      this.#stack.push(found);
    },
    persistent: (id) => void this.#stack.push(this.#host.persistent(id)),
  };

  #take(count: number): Uint8Array {
    if (this.at + count > this.#bytes.length) {
      throw new PickleEnd(`it must have ${this.at + count} bytes, got ${this.#bytes.length}`);
    }
    const part = this.#bytes.subarray(this.at, this.at + count);
    this.at += count;
    return part;
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0) throw new PickleEnd("it must have whole lines, got part of one");
    const text = text_.decode(this.#bytes.subarray(this.at, end));
    this.at = end + 1;
    return text;
  }

  #number(kind: NumberKind): number {
    const [width, read] = NUMBERS[kind];
    const at = this.at;
    this.#take(width);
    const value = read(this.#view, at);
    if (!Number.isSafeInteger(value) && kind !== "float64") {
      throw new PickleEnd(`its lengths must be within the file, got ${value}`);
    }
    return value;
  }

  #pop(): Item {
    const item = this.#stack.pop();
    if (item === undefined) throw new SyntaxError("its stack must not be empty, got nothing on it");
    return item;
  }

  #value(): PickleValue {
    const item = this.#pop();
    if (item === MARK || item instanceof PickleFunction) {
      throw new SyntaxError("it must have a value in this place, got a mark or a function");
    }
    return item;
  }

  #peek(): Exclude<Item, typeof MARK> {
    const item = this.#stack.at(-1);
    if (item !== undefined && item !== MARK) return item;
    throw new SyntaxError("it must have a value in this place, got none");
  }

  #top(): PickleValue {
    const item = this.#peek();
    if (!(item instanceof PickleFunction)) return item;
    throw new SyntaxError("it must have a value in this place, got a function");
  }

  #sinceMark(): PickleValue[] {
    const start = this.#stack.lastIndexOf(MARK);
    if (start < 0) throw new SyntaxError("it must have a mark in this place, got none");
    const items = this.#stack.splice(start).slice(1);
    if (items.some((item) => item instanceof PickleFunction)) {
      throw new SyntaxError("its lists must be of values, got a function");
    }
    return items as PickleValue[];
  }
}

const text_ = new TextDecoder("utf-8", { fatal: true });

type NumberKind = "uint8" | "uint16" | "int32" | "uint32" | "uint64" | "float64";

const NUMBERS: Readonly<
  Record<NumberKind, readonly [number, (v: DataView, at: number) => number]>
> = {
  uint8: [1, (view, at) => view.getUint8(at)],
  uint16: [2, (view, at) => view.getUint16(at, true)],
  int32: [4, (view, at) => view.getInt32(at, true)],
  uint32: [4, (view, at) => view.getUint32(at, true)],
  uint64: [8, (view, at) => Number(view.getBigUint64(at, true))],
  float64: [8, (view, at) => view.getFloat64(at, false)],
};

/** What instructions do with the machine. */
type Tools = {
  readonly take: (count: number) => Uint8Array;
  readonly line: () => string;
  readonly number: (kind: NumberKind) => number;
  readonly push: (item: PickleValue) => void;
  readonly value: () => PickleValue;
  readonly callee: () => Item;
  readonly top: () => PickleValue;
  readonly sinceMark: () => PickleValue[];
  readonly mark: () => void;
  readonly remember: (index?: number) => void;
  readonly recall: (index: number) => void;
  readonly global: (name: string) => void;
  readonly persistent: (id: PickleValue) => void;
};

type Step = (tools: Tools) => void;

/** A whole number in two's complement, little-endian. */
function wholeNumber(bytes: Uint8Array): number | bigint {
  if (bytes.length > LONGEST) {
    throw new SyntaxError(
      `its whole numbers must have ${LONGEST} bytes at most, got ${bytes.length}`,
    );
  }
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = value << 8n | BigInt(bytes[i]!);
  if (bytes.length > 0 && bytes.at(-1)! >= 0x80) value -= 1n << BigInt(8 * bytes.length);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

function dictionary(value: PickleValue): Map<PickleValue, PickleValue> {
  if (value instanceof Map) return value;
  throw new SyntaxError("it must have a dictionary in this place, got another value");
}

function list(value: PickleValue): PickleValue[] {
  if (Array.isArray(value)) return value;
  throw new SyntaxError("it must have a list in this place, got another value");
}

function setItems(tools: Tools, items: readonly PickleValue[]): void {
  const target = dictionary(tools.top());
  if (items.length % 2 === 1) throw new SyntaxError("its keys must have values, got one without");
  for (let i = 0; i < items.length; i += 2) target.set(items[i]!, items[i + 1]!);
}

function call(tools: Tools): void {
  const args = list(tools.value());
  const callee = tools.callee();
  if (!(callee instanceof PickleFunction)) {
    throw new SyntaxError("it must call what it named, got a call of a value");
  }
  tools.push(callee.call(args));
}

/** How each tuple of so many values is made. */
function tuple(count: number): Step {
  return (tools) => {
    const items = Array.from({ length: count }, () => tools.value());
    tools.push(items.reverse());
  };
}

function decimal(text: string): number | bigint {
  if (!/^-?\d{1,300}L?$/.test(text)) {
    throw new SyntaxError(`its whole numbers must have digits, got ${JSON.stringify(text)}`);
  }
  const value = BigInt(text.replace("L", ""));
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const OPCODES: Readonly<Record<number, Step>> = {
  0x80: ({ number }) => {
    const version = number("uint8");
    if (version > 5) throw new SyntaxError(`its protocol must be 5 at most, got ${version}`);
  },
  0x95: ({ number }) => void number("uint64"), // FRAME
  0x28: ({ mark }) => mark(),
  0x30: ({ value }) => void value(), // POP
  0x31: ({ sinceMark }) => void sinceMark(), // POP_MARK
  0x32: ({ push, top }) => push(top()), // DUP
  0x4e: ({ push }) => push(null),
  0x88: ({ push }) => push(true),
  0x89: ({ push }) => push(false),
  0x49: ({ push, line }) => { // INT
    const text = line();
    push(text === "01" ? true : text === "00" ? false : decimal(text));
  },
  0x4c: ({ push, line }) => push(decimal(line())), // LONG
  0x4a: ({ push, number }) => push(number("int32")), // BININT
  0x4b: ({ push, number }) => push(number("uint8")),
  0x4d: ({ push, number }) => push(number("uint16")),
  0x8a: ({ push, take, number }) => push(wholeNumber(take(number("uint8")))), // LONG1
  0x8b: ({ push, take, number }) => push(wholeNumber(take(number("uint32")))), // LONG4
  0x47: ({ push, number }) => push(number("float64")), // BINFLOAT
  0x46: ({ push, line }) => push(Number(line())), // FLOAT
  0x58: ({ push, take, number }) => push(text_.decode(take(number("uint32")))), // BINUNICODE
  0x8c: ({ push, take, number }) => push(text_.decode(take(number("uint8")))),
  0x8d: ({ push, take, number }) => push(text_.decode(take(number("uint64")))),
  0x54: ({ push, take, number }) => push(latin1(take(number("uint32")))), // BINSTRING
  0x55: ({ push, take, number }) => push(latin1(take(number("uint8")))),
  0x42: ({ push, take, number }) => push(take(number("uint32"))), // BINBYTES
  0x43: ({ push, take, number }) => push(take(number("uint8"))),
  0x8e: ({ push, take, number }) => push(take(number("uint64"))),
  0x5d: ({ push }) => push([]),
  0x29: ({ push }) => push([]), // EMPTY_TUPLE
  0x7d: ({ push }) => push(new Map()),
  0x8f: ({ push }) => push(new Set()),
  0x74: ({ push, sinceMark }) => push(sinceMark()), // TUPLE
  0x6c: ({ push, sinceMark }) => push(sinceMark()), // LIST
  0x85: tuple(1),
  0x86: tuple(2),
  0x87: tuple(3),
  0x64: (tools) => { // DICT
    const items = tools.sinceMark();
    tools.push(new Map());
    setItems(tools, items);
  },
  0x61: (tools) => { // APPEND
    const item = tools.value();
    list(tools.top()).push(item);
  },
  0x65: (tools) => { // APPENDS
    const items = tools.sinceMark();
    const target = list(tools.top());
    for (const item of items) target.push(item);
  },
  0x73: (tools) => { // SETITEM
    const value = tools.value();
    const key = tools.value();
    dictionary(tools.top()).set(key, value);
  },
  0x75: (tools) => setItems(tools, tools.sinceMark()), // SETITEMS
  0x90: (tools) => { // ADDITEMS
    const items = tools.sinceMark();
    const target = tools.top();
    if (!(target instanceof Set)) {
      throw new SyntaxError("it must have a set in this place, got another value");
    }
    for (const item of items) target.add(item);
  },
  0x91: ({ push, sinceMark }) => push(new Set(sinceMark())), // FROZENSET
  0x67: ({ recall, line }) => recall(Number(decimal(line()))), // GET
  0x68: ({ recall, number }) => recall(number("uint8")),
  0x6a: ({ recall, number }) => recall(number("uint32")),
  0x70: ({ remember, line }) => remember(Number(decimal(line()))), // PUT
  0x71: ({ remember, number }) => remember(number("uint8")),
  0x72: ({ remember, number }) => remember(number("uint32")),
  0x94: ({ remember }) => remember(), // MEMOIZE
  0x63: ({ global, line }) => global(`${line()}.${line()}`),
  0x93: ({ global, value }) => { // STACK_GLOBAL
    const [name, module] = [value(), value()];
    if (typeof name !== "string" || typeof module !== "string") {
      throw new SyntaxError("what it names must be given by texts, got another value");
    }
    global(`${module}.${name}`);
  },
  0x51: ({ persistent, value }) => persistent(value()), // BINPERSID
  0x52: call, // REDUCE
  0x81: call, // NEWOBJ
  0x62: ({ value, top }) => { // BUILD: attributes, of which none is needed
    value();
    top();
  },
};
