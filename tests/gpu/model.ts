// Mesa's AMD compiler on a device that need not exist: what it makes of a WGSL kernel.
import { writeFileAtomically } from "../../lib/files/mod.ts";
import { sha256Of } from "../../lib/files/sha256.ts";
import { type Part, readAssembly } from "./assembly.ts";

/** What the compiler says of a kernel. */
export type Figures = {
  /** The most of the peak multiply-add rate that its hottest loop can reach, in percent. */
  readonly bound: number;
  /** What is in the way of more: `VALU`, `LDS`, `global` or `scalar`. */
  readonly limit: string;
  /** The same if waves only overlap each other's waits. */
  readonly latencyBound: number;
  /** Numbers that an access of the hottest loop to memory moves on average, of a lane; 0 without any. */
  readonly width: number;
  readonly registers: number;
  /** Waves of a SIMD at a time. */
  readonly waves: number;
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
  readonly workgroupSize: number;
  /** Registers that did not fit. */
  readonly spills: number;
  /** Cycles of a SIMD for a wave of a kernel without loops; 0 with one. */
  readonly cycles: number;
};

const SOURCE = new URL("../../../shared/gpu/", import.meta.url);

/** Whether the model's sources lie beside the checkout. */
const hasModel = await Deno.stat(new URL("README.md", SOURCE)).then(() => true, () => false);

async function run(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    ...(cwd === undefined ? {} : { cwd }),
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  if (success) return text(stdout);
  throw new Error(`Cannot run ${command} ${args.join(" ")}: ${text(stderr).trim()}`);
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * Builds the model in a folder of its own, once.
 *
 * @param folder where
 * @throws {Error} if its sources are not there, or gcc, cargo or Vulkan's headers are not
 */
export async function buildModel(folder: string): Promise<void> {
  if (!hasModel) throw new Error(`Cannot build the model: its sources must be in ${SOURCE}`);
  const translator = `${folder}/wgsl_to_spirv`;
  if (!isThere(`${folder}/wgsl_figures.sh`)) {
    await Deno.mkdir(folder, { recursive: true });
    await run("cp", [
      "-r",
      "--no-preserve=mode",
      `${decodeURIComponent(SOURCE.pathname)}.`,
      folder,
    ]);
  }
  if (!isThere(`${folder}/pipeline_stats`)) {
    await run("gcc", ["-O1", "-o", "pipeline_stats", "pipeline_stats.c", "-lvulkan"], folder);
  }
  if (!isThere(`${translator}/target/release/wgsl_to_spirv`)) {
    await run("cargo", ["build", "--release", "-j1"], translator);
  }
}

/** Reads a line of `wgsl_figures.sh`. */
export function parseFigures(line: string): Figures {
  const number = (pattern: RegExp): number => Number(pattern.exec(line)?.[1] ?? NaN);
  const [, reads, writes, dwords] = / global=(\d+)r(\d+)w\/(\d+)dw/.exec(line) ?? [];
  const accesses = Number(reads) + Number(writes);
  const [, x, y, z] = /workgroup=(\d+)x(\d+)x(\d+)/.exec(line) ?? [];
  const [, cycles] = / hot: .*?cycles\([^)]*\)=([\d/]+)/.exec(line) ?? [];
  const [, vector, scalar] = /spills=(\d+)\+(\d+)/.exec(line) ?? [];
  return {
    bound: number(/ bound=(\d+)%/),
    limit: / bound=\d+%\((\w+)\)/.exec(line)?.[1] ?? "?",
    latencyBound: number(/latencyBound=(\d+)%/),
    width: accesses === 0 ? 0 : Math.round(10 * Number(dwords) / accesses) / 10,
    registers: number(/vgprs=(\d+)/),
    waves: number(/waves\/SIMD=([\d.]+)/),
    workgroupBytes: number(/ lds=(\d+)/),
    workgroupSize: Number(x) * Number(y) * Number(z),
    spills: Number(vector) + Number(scalar),
    cycles: / loops=0 /.test(line) ? Math.max(...(cycles ?? "0").split("/").map(Number)) : 0,
  };
}

/** What the compiler made of a kernel. */
export type Compiled = { readonly figures: Figures; readonly kernel: Part };

/**
 * Compiles kernels, each text once: what was printed of it stays in the model's folder.
 *
 * @param folder where the model is built
 */
export function modelCompiler(folder: string): (text: string) => Promise<Compiled> {
  const known = new Map<string, Promise<Compiled>>();
  const compile = async (text: string): Promise<Compiled> => {
    const file = `${folder}/compiled/${sha256Of(text)}`;
    await Deno.mkdir(`${folder}/compiled`, { recursive: true });
    if (!isThere(`${file}.txt`)) {
      await Deno.writeTextFile(`${file}.wgsl`, text);
      await writeFileAtomically(`${file}.txt`, await printedOf(folder, `${file}.wgsl`, text));
    }
    return read(await Deno.readTextFile(`${file}.txt`));
  };
  return (text) => {
    const compiled = known.get(text) ?? compile(text);
    known.set(text, compiled);
    return compiled;
  };
}

async function printedOf(folder: string, file: string, text: string): Promise<string> {
  const rows = /const (?:TAP_ROWS|BLOCKS) = (\d+)u/.exec(text)?.[1];
  const nested = rows ? ["--loops", "--nested", rows] : [];
  return await run("sh", [`${folder}/wgsl_figures.sh`, "--isa", ...nested, file]);
}

/**
 * Reads what is printed of a kernel. Of one whose products are in a loop over a window's rows, within
 * that over the depth, the figures are of the outer loop: what is fetched there counts too.
 */
function read(printed: string): Compiled {
  const lines = printed.split("\n");
  const outer = lines.slice(1).find((line) => / nested\[.* fma=[1-9]/.test(line));
  const figures = parseFigures(outer ? lines[0]!.replace(/hot: .*/, `hot: ${outer}`) : lines[0]!);
  return { figures, kernel: readAssembly(printed) };
}
