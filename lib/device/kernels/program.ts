// Runs one of our own WGSL programs on the guarded backend.
import type { Key } from "../../tensor/random.ts";
import { tf } from "../../tensor/tf.ts";
import { knownWords } from "../../tensor/traced_key.ts";
import type { GuardedBackend } from "../backend.ts";
import type { ProgramType } from "../dispatch.ts";
import { type Fusion, type HalfForm, type Part, rangesOf, type TexturedForm } from "../command.ts";
import { HALF_TEXELS, isStorageFormat, type Texels, WIDTH_BITS } from "../textures.ts";
import { type BoundKind, makePipeline } from "../pipeline.ts";
import { subgroupsOpening } from "../subgroups.ts";
import { noteMade } from "../compile_beside.ts";
import { followed, type Follower, type Pointwise } from "./follow.ts";

/** A program over flat arrays, of float32 unless it says otherwise. */
export type Program = {
  /** The operation's name, for errors and profiles. */
  readonly operation: string;
  /** What tells this program's text from others of the same operation. */
  readonly variant: string;
  /** Shapes of the results by their WGSL names: arrays `array<f32>`, which it writes whole. */
  readonly results: Readonly<Record<string, readonly number[]>>;
  /** Tensors that it reads and writes over where they lie, by their WGSL names. */
  readonly updated?: Readonly<Record<string, tf.TensorInfo>>;
  /**
   * The inputs by their WGSL names: arrays `array<f32>`. However an input is held,
   * a function reads it: `x_at(i: u32) -> f32`, or of vectors and quads
   * `x_quad(i: u32) -> vec4<f32>`, numbers 4 i to 4 i + 3. Results and updated
   * tensors have such functions too, and `x_put(i, value)`.
   * Tensors that may be larger than the largest binding must be reached by these: they are bound in ranges.
   */
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  /** Names of results, updated and inputs whose sizes are multiples of 4: `array<vec4<f32>>`. */
  readonly vectors?: readonly string[];
  /** Types of tensors that are not float32, by their WGSL names: arrays `array<i32>`. */
  readonly types?: Readonly<Record<string, ProgramType>>;
  /** Names of inputs to be read four numbers at a time from a texture. */
  readonly quads?: readonly string[];
  /**
   * Names among `vectors` of inputs that the text reads by `_quad` alone: under jit they may be read
   * from a texture as well, where another program has filled one.
   */
  readonly mayBeQuads?: readonly string[];
  /** Names of inputs to be read one number at a time from a texture. */
  readonly texels?: readonly string[];
  /** What may be held as float16 in mixed precision. Default: nothing. */
  readonly half?: Half;
  /** The flag of overflows, of float32 and shape `[]`, if the text calls `note_overflow()`. */
  readonly overflow?: tf.TensorInfo | undefined;
  /** Numbers in the WGSL struct `uniforms`, each a `u32`. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** A key, whose two words are `uniforms.key0` and `uniforms.key1`. */
  readonly key?: Key;
  /**
   * WGSL with `fn main(index: u32, local: u32)`, given the invocation's number and
   * its number in the workgroup; it writes to the results. Of a long text, what makes it.
   */
  readonly code: string | (() => string);
  /**
   * Whether the text writes each number of its one result once, by `_put`, and reads none, so that
   * under jit another program may change them before. Default: `false`. Who writes many numbers of a
   * feature may ask once for what these programs make of it: `x_put_by(i, value, x_once(c))`, of
   * feature `c`, or of the fours from 4 c on.
   */
  readonly leads?: boolean;
  /** How each number of the one result follows from those at its place, if it does. */
  readonly pointwise?: Pointwise | undefined;
  /** If it only lays its inputs beside each other: where each lies in the result. */
  readonly parts?: readonly Part[];
  /** The part of the result that it writes, as if that were all, if it is not all. */
  readonly part?: Part;
  /** WGSL functions of other programs, through which each number goes before it is written. */
  readonly followers?: readonly Follower[];
  /** Invocations wanted; more may run, so `main` has to check `index`. */
  readonly invocations: number;
  /** Invocations of a workgroup. */
  readonly workgroup: number;
  /**
   * Whether `main` is given the workgroup's number in the place of the invocation's. The compiler
   * then knows it to be the same for all of a workgroup, as barriers want it. Default: `false`.
   */
  readonly isShared?: boolean;
  /**
   * Whether the text calls functions of subgroups: a workgroup is one, and `main` is given the
   * invocation's number within it. Default: `false`.
   */
  readonly isSubgroup?: boolean;
};

/**
 * Which results and inputs may be held as float16: the text must reach them by their functions
 * alone, which give and take float32.
 */
export type Half = {
  readonly names: readonly string[];
  /** Whether the results are, whatever the inputs are; else if all inputs named here are. */
  readonly anyway?: boolean;
};

/** What of a program is held as float16. */
type Halves = ReadonlySet<string>;

const NO_HALVES: Halves = new Set();

/** Pipelines by device and key, which names all that changes the text. */
const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

/**
 * Records a program.
 *
 * @returns the results, in the order of `program.results`
 */
export function runProgram(backend: GuardedBackend, program: Program): tf.TensorInfo[] {
  const { operation, inputs, updated = {}, results, invocations, workgroup, key } = program;
  const { overflow } = program;
  const numbers = numbersOf(program);
  return backend.runDispatch({
    operation,
    pipeline: (): GPUComputePipeline => pipelineOf(backend, program, NO_HALVES),
    half: halfForm(backend, program),
    textured: texturedForm(backend, program),
    results: Object.values(results),
    updated: Object.values(updated),
    inputs: Object.values(inputs),
    overflow,
    types: [results, updated, inputs].flatMap((part) =>
      Object.keys(part).map((name) => program.types?.[name] ?? "float32")
    ),
    held: Object.keys(inputs).map((name) => texelsOf(program, name)),
    uniforms: uniformBlock(key ? [...numbers, ...knownWords(key)] : numbers),
    key: key && { words: key, at: numbers.length },
    workgroups: grid(Math.ceil(invocations / workgroup), backend.device.limits),
    fusion: fusionOf(backend, program),
  });
}

/** The programs behind fusions. */
const fusable = new WeakMap<Fusion, Program>();

/** How a program may be joined with others, if it may. */
function fusionOf(backend: GuardedBackend, program: Program): Fusion | undefined {
  const { leads = false, pointwise } = program;
  // The words of a key lie among the numbers, and the flag of overflows is bound after the tensors.
  if (program.key || program.overflow || (!leads && !pointwise)) return undefined;
  const names = Object.keys(program.inputs);
  const changed = (both: Program | undefined) => both && changedTo(backend, both);
  const fusion: Fusion = {
    leads,
    // The result is bound first.
    elements: Object.values(pointwise?.elements ?? {}).map((name) => 1 + names.indexOf(name)),
    join(other, input) {
      const following = fusable.get(other)!;
      return changed(followed(program, following, Object.keys(following.inputs)[input - 1]!));
    },
    parts: program.followers || program.part ? undefined : program.parts,
    part: program.part,
    within: (part, shape) => changed(placed(program, part, shape)),
  };
  fusable.set(fusion, program);
  return fusion;
}

/** What is different of a dispatch once it runs another program. */
function changedTo(backend: GuardedBackend, program: Program): ReturnType<TexturedForm["within"]> {
  return {
    operation: program.operation,
    pipeline: () => pipelineOf(backend, program, NO_HALVES),
    uniforms: new Uint8Array(uniformBlock(numbersOf(program)).buffer),
    half: halfForm(backend, program),
    fusion: fusionOf(backend, program),
    textured: texturedForm(backend, program),
  };
}

/** How a program may read from textures; one with a tensor in several ranges may not. */
function texturedForm(backend: GuardedBackend, program: Program): TexturedForm | undefined {
  const { mayBeQuads = [], vectors = [], quads = [] } = program;
  if (mayBeQuads.length === 0 || program.key || program.overflow || isInRanges(backend, program)) {
    return undefined;
  }
  const names = namesOf(program);
  return {
    may: names.map((name) => mayBeQuads.includes(name)),
    within(held) {
      const taken = names.filter((_, i) => held[i]);
      return changedTo(backend, {
        ...program,
        vectors: vectors.filter((name) => !taken.includes(name)),
        quads: [...quads, ...taken],
        mayBeQuads: [],
      });
    },
  };
}

/** Names of all that a program binds but its numbers, in order. */
function namesOf({ results, updated = {}, inputs }: Program): string[] {
  return [results, updated, inputs].flatMap(Object.keys);
}

/** Whether a tensor is bound in several ranges. */
function isInRanges(backend: GuardedBackend, program: Program): boolean {
  return Object.values(rangeCounts(backend, program)).some((count) => count > 1);
}

/** A program that writes its result as a part of a larger one. */
function placed(program: Program, part: Part, shape: readonly number[]): Program | undefined {
  const { operation, variant, results, vectors = [], part: before } = program;
  const [result] = Object.keys(results) as [string];
  const isWide = vectors.includes(result);
  if (isWide && [part.row, part.length, part.at].some((count) => count % 4 !== 0)) {
    return undefined;
  }
  // Of what is a part already, the rows are those of the part.
  const own = before ? { ...part, length: before.length, at: before.at + part.at } : part;
  return {
    ...program,
    operation: before ? operation : `${operation}+Concat`,
    variant: before ? variant : `${variant}, a part`,
    results: { [result]: shape },
    part: own,
  };
}

/** The numbers of a program's text, in order. */
function numbersOf({ uniforms, vectors = [], results, part }: Program): number[] {
  if (!part) return Object.values(uniforms);
  const width = vectors.includes(Object.keys(results)[0]!) ? 4 : 1;
  const { row, length, at } = part;
  return [...Object.values(uniforms), length / width, (row - length) / width, at / width];
}

/** How a program may hold tensors as float16; one with a tensor in several ranges holds none so. */
function halfForm(backend: GuardedBackend, program: Program): HalfForm | undefined {
  const { half, results } = program;
  if (!half || isInRanges(backend, program)) return undefined;
  const names = namesOf(program);
  // The flag takes a binding.
  const room = names.length < backend.device.limits.maxStorageBuffersPerShaderStage;
  return {
    may: names.map((name) => half.names.includes(name) && (room || !(name in results))),
    anyway: half.anyway ?? false,
    pipeline: (halves) => pipelineOf(backend, program, new Set(names.filter((_, i) => halves[i]))),
  };
}

/** Whether a program sets the flag of overflows. */
function notesOverflow({ overflow, results }: Program, halves: Halves): boolean {
  return overflow !== undefined || Object.keys(results).some((name) => halves.has(name));
}

/** Of which texels the texture is that an input is read from, if from any. */
function texelsOf(
  { quads = [], texels = [] }: Program,
  name: string,
): keyof typeof HALF_TEXELS | undefined {
  return quads.includes(name) ? "rgba32float" : texels.includes(name) ? "r32float" : undefined;
}

/** Whether a tensor holds whole numbers. */
function isWhole({ types = {} }: Program, name: string): boolean {
  return (types[name] ?? "float32") !== "float32";
}

/** In how many ranges each tensor is bound, results first. */
type Ranges = Readonly<Record<string, number>>;

function rangeCounts({ bindingLimit }: GuardedBackend, program: Program): Ranges {
  const { results, updated = {}, inputs } = program;
  const shapes = [
    ...Object.entries(results),
    ...Object.entries({ ...updated, ...inputs }).map(([name, { shape }]) => [name, shape] as const),
  ];
  return Object.fromEntries(
    shapes.map(([name, shape]) => {
      const bytes = 4 * tf.util.sizeFromShape([...shape]);
      return [name, texelsOf(program, name) ? 1 : rangesOf(bytes, bindingLimit).length];
    }),
  );
}

function pipelineOf(
  backend: GuardedBackend,
  program: Program,
  halves: Halves,
): GPUComputePipeline {
  const { operation, variant, vectors = [], quads = [], texels = [], workgroup } = program;
  const { device, bindingLimit } = backend;
  const ranges = rangeCounts(backend, program);
  const names = [program.results, program.updated ?? {}, program.inputs].map(Object.keys);
  const counts = Object.values(ranges);
  const bound = counts.some((count) => count > 1) ? `${counts} of ${bindingLimit}` : "";
  const whole = Object.keys(program.types ?? {}).filter((name) => isWhole(program, name));
  const key = [
    operation,
    variant,
    vectors,
    quads,
    texels,
    whole,
    workgroup,
    ...names,
    bound,
    [...halves],
  ].join("/");
  const known = pipelines.get(device) ?? new Map<string, GPUComputePipeline>();
  pipelines.set(device, known);
  const held = known.get(key) ?? compile(backend, program, ranges, halves);
  known.set(key, held);
  return held;
}

/** Uniform structs are as long as a multiple of 16 bytes. */
function uniformBlock(values: readonly number[]): Uint32Array<ArrayBuffer> {
  const block = new Uint32Array(4 * Math.ceil(Math.max(1, values.length) / 4));
  block.set(values);
  return block;
}

/** Lays workgroups over two dimensions where one is too short for them. */
function grid(count: number, limits: GPUSupportedLimits): [number, number, number] {
  const most = limits.maxComputeWorkgroupsPerDimension;
  if (count <= most) return [count, 1, 1];
  const rows = Math.ceil(count / most);
  return [Math.ceil(count / rows), rows, 1];
}

/** WGSL: a workgroup's number. */
const INDEX_OF_GROUP = "group.y * groups.x + group.x";

function compile(
  backend: GuardedBackend,
  program: Program,
  ranges: Ranges,
  halves: Halves,
): GPUComputePipeline {
  const { device } = backend;
  const { operation: label, code, workgroup, isShared, isSubgroup } = program;
  const text = `${halves.size > 0 ? "enable f16;" : ""}${isSubgroup ? subgroupsOpening(device) : ""}
${bindingsText(program, ranges, backend.bindingLimit, halves)}
${typeof code === "string" ? code : code()}
@compute @workgroup_size(${workgroup})
fn start(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(${isSubgroup ? "subgroup_invocation_id" : "local_invocation_index"}) local: u32) {
  main(${isShared ? INDEX_OF_GROUP : `(${INDEX_OF_GROUP}) * ${workgroup}u + local`}, local);
}`;
  const made = { label, code: text, bound: boundOf(program, ranges, halves) };
  const pipeline = makePipeline(device, made);
  noteMade(device, made, pipeline);
  return pipeline;
}

/** The declarations of a program's tensors and numbers. */
function bindingsText(program: Program, ranges: Ranges, limit: number, halves: Halves): string {
  const { results, updated = {}, inputs, vectors = [], uniforms, key, part } = program;
  const written = [...Object.keys(results), ...Object.keys(updated)];
  let binding = 0;
  const place = (): string => `@group(0) @binding(${binding++})`;
  const lines = [...written, ...Object.keys(inputs)].map((name, i) => {
    const texels = texelsOf(program, name);
    const isHalf = halves.has(name);
    if (texels) return textureText(place(), name, isHalf ? HALF_TEXELS[texels] : texels);
    const access = i < written.length ? "read_write" : "read";
    const number = isWhole(program, name) ? "i32" : "f32";
    const element = vectors.includes(name) ? `vec4<${number}>` : number;
    const parts = Array.from(
      { length: ranges[name]! },
      // A text that reads a tensor of several parts by its bare name does not compile.
      // Nor does one that reads numbers that are held as float16.
      (_, part) => isHalf ? `${name}_half` : ranges[name] === 1 ? name : `${name}_${part}`,
    );
    const stored = isHalf ? element.replace("f32", "f16") : element;
    const length = limit / (vectors.includes(name) ? 16 : 4);
    return [
      ...parts.map((part) => `${place()} var<storage, ${access}> ${part}: array<${stored}>;`),
      isHalf
        ? halfText(name, element, i < written.length, program)
        : accessText(name, parts, length, element, i < written.length, program),
    ].join("\n");
  });
  if (notesOverflow(program, halves)) lines.push(`${place()} ${OVERFLOW}`);
  const numbers = [
    ...Object.keys(uniforms),
    ...(part ? ["partLength", "partGap", "partAt"] : []),
    ...(key ? ["key0", "key1"] : []),
  ];
  return `${lines.join("\n")}
struct Uniforms { ${numbers.map((name) => `${name}: u32`).join(", ") || "unused: u32"} }
@group(0) @binding(${binding}) var<uniform> uniforms: Uniforms;`;
}

/** The flag that is 1 as a float once something was too large. */
const OVERFLOW = `var<storage, read_write> overflow: atomic<u32>;
fn note_overflow() { atomicStore(&overflow, 0x3f800000u); }`;

/**
 * As {@linkcode accessText}, of a tensor held as float16. From 65520 on, numbers round to infinity:
 * told by their bits, which are those of infinity and NaN too.
 */
function halfText(
  name: string,
  element: string,
  isWritten: boolean,
  program: Program,
): string {
  const wide = element.startsWith("vec4");
  const bits = wide ? "vec4<u32>" : "u32";
  const large = `(bitcast<${bits}>(value) & ${bits}(0x7fffffffu)) >= ${bits}(0x477ff000u)`;
  const read = `fn ${name}_${wide ? "quad" : "at"}(i: u32) -> ${element} {
  return ${element}(${name}_half[i]);
}`;
  if (!isWritten) return read;
  const put = (made: string): string =>
    `let value = ${made};
  if (${wide ? `any(${large})` : large}) { note_overflow(); }
  ${name}_half[to] = ${element.replace("f32", "f16")}(value);`;
  return `${read}\n${putText(name, element, program, put)}`;
}

/** The functions by which a tensor's elements are reached, in whichever of its parts they lie. */
function accessText(
  name: string,
  parts: readonly string[],
  length: number,
  element: string,
  isWritten: boolean,
  program: Program,
): string {
  const inParts = (index: string, statement: (place: string) => string): string =>
    parts.map((part, k) => {
      const body = statement(`${part}[${index}${k ? ` - ${k * length}u` : ""}]`);
      return k + 1 < parts.length
        ? `if (${index} < ${(k + 1) * length}u) { ${body} }`
        : `{ ${body} }`;
    }).join(" else ");
  const reader = element.startsWith("vec4") ? "quad" : "at";
  const value = parts.length === 1 ? `return ${name}[i];` : `var value: ${element};
  ${inParts("i", (place) => `value = ${place};`)}
  return value;`;
  const read = `fn ${name}_${reader}(i: u32) -> ${element} { ${value} }`;
  if (!isWritten) return read;
  const put = (made: string): string => inParts("to", (place) => `${place} = ${made};`);
  return `${read}\n${putText(name, element, program, put)}`;
}

/**
 * WGSL: the functions that write a value, after what followers make of it.
 *
 * @param put statements that write at `to` what an expression makes
 */
function putText(
  name: string,
  element: string,
  { leads, followers = [], part }: Program,
  put: (made: string) => string,
): string {
  const made = (once: (follower: Follower, k: number) => string): string =>
    followers.reduce((made, follower, k) => {
      const last = follower.strips ? `, ${once(follower, k)}` : "";
      return `${follower.name}(i, ${made}${last})`;
    }, "first");
  const to = `let to = ${
    part ? "i + i / uniforms.partLength * uniforms.partGap + uniforms.partAt" : "i"
  };`;
  const plain = `fn ${name}_put(i: u32, first: ${element}) {
  ${to}
  ${put(made(({ name, strips }) => `${name}_once(i % ${strips})`))}
}`;
  if (!leads) return plain;
  const featured = followers.flatMap(({ name, strips }, k) => strips ? [{ name, k }] : []);
  const type = `${name}_Once`;
  const [members, values] = featured.length > 0
    ? [
      featured.map(({ name, k }) => `of${k}: ${name}_Once`),
      featured.map(({ name }) => `${name}_once(c)`),
    ]
    : [["unused: u32"], ["c"]];
  return `${plain}
struct ${type} { ${members.join(", ")} }
fn ${name}_once(c: u32) -> ${type} { return ${type}(${values.join(", ")}); }
fn ${name}_put_by(i: u32, first: ${element}, once: ${type}) {
  ${to}
  ${put(made((_, k) => `once.of${k}`))}
}`;
}

function textureText(place: string, name: string, texels: Texels): string {
  const isStorage = isStorageFormat(texels);
  const texel = `textureLoad(${name}_texture, vec2<u32>(i & ${
    (1 << WIDTH_BITS) - 1
  }u, i >> ${WIDTH_BITS}u)${isStorage ? "" : ", 0"})`;
  const type = isStorage ? `texture_storage_2d<${texels}, read>` : "texture_2d<f32>";
  return `${place} var ${name}_texture: ${type};
${
    texels === "r32float" || texels === "r16float"
      ? `fn ${name}_at(i: u32) -> f32 { return ${texel}.x; }`
      : `fn ${name}_quad(i: u32) -> vec4<f32> { return ${texel}; }`
  }`;
}

/** What a program binds, from binding 0 on. */
function boundOf(program: Program, ranges: Ranges, halves: Halves): readonly BoundKind[] {
  const { results, updated = {}, inputs } = program;
  const repeated = (name: string, kind: BoundKind): BoundKind[] =>
    new Array(ranges[name]!).fill(kind);
  return [
    ...[...Object.keys(results), ...Object.keys(updated)].flatMap((name) =>
      repeated(name, { buffer: { type: "storage" } })
    ),
    ...Object.keys(inputs).flatMap((name) => {
      const texels = texelsOf(program, name);
      if (!texels) return repeated(name, { buffer: { type: "read-only-storage" } });
      const format = halves.has(name) ? HALF_TEXELS[texels] : texels;
      return repeated(
        name,
        isStorageFormat(format)
          ? { storageTexture: { access: "read-only", format } }
          : { texture: { sampleType: "unfilterable-float" } },
      );
    }),
    ...(notesOverflow(program, halves) ? [{ buffer: { type: "storage" } } as const] : []),
    { buffer: { type: "uniform" } },
  ];
}
