// `deno task test:gpu`: what Mesa's AMD compiler makes of every GPU kernel of the op table, and how
// long the chip would take for a step of each network, as tables in docs/.
import { parseArgs } from "@std/cli/parse-args";
import { writeFileAtomically } from "../../lib/files/mod.ts";
import { type KernelFile, kernelFiles, kernelName, writeKernels } from "../../tasks/bench/wgsl.ts";
import before from "./before.json" with { type: "json" };
import { CHIP } from "./dispatch_time.ts";
import { float16Products } from "./float16.ts";
import { buildModel, type Figures, modelCompiler } from "./model.ts";
import { networkSteps, stepsTable } from "./steps.ts";

const HELP =
  `Compiles every GPU kernel of the op table, and of a training step of five networks, with Mesa's
AMD compiler, for a GPU that need not be there, and writes the tables of docs/gpu_kernels.md.

  deno task test:gpu [--check | --half] [--model FOLDER]

  --check          writes nothing; the exit code is 1 if a kernel is worse than the table says
  --half           writes nothing; prints the figures of products in mixed precision
  --model FOLDER   where the model is built, once (/tmp/neocog-gpu-model)

It needs ../shared/gpu, gcc, cargo and libvulkan-dev.`;

/** What a row of the table says of a kernel. */
type Row = Figures & {
  readonly workgroups: number;
  /** How much longer memory takes for its tensors than its instructions do; 0 if unknown. */
  readonly memory: number;
};

/**
 * Cycles that memory needs for what the operation has to move, over those that the SIMDs need for a
 * kernel without loops, if all of them are busy.
 */
function memoryOf(bytes: number, workgroups: number, { cycles, workgroupSize }: Figures): number {
  const issued = workgroups * Math.ceil(workgroupSize / 64) * cycles / CHIP.simds;
  return issued === 0 ? 0 : bytes / CHIP.bytes * CHIP.cycles / issued;
}

const PAGE = new URL("../../docs/gpu_kernels.md", import.meta.url);
const BEGIN = "<!-- The rest is written by deno task test:gpu -->\n";
/** What the page says before each table. */
const [STEPS, KERNELS] = ["### A step of each network", "### Each kernel"];
const HEADING = [
  "kernel",
  "workgroups",
  "FMA bound",
  "by latency",
  "limit",
  "memory",
  "width",
  "registers",
  "waves",
  "spills",
  "before: FMA bound, limit, width",
];

/** What a kernel had before it was rewritten. */
type Before = Readonly<Record<string, Pick<Figures, "bound" | "limit" | "width">>>;

/** Compiles the kernels of a folder, each text once; an operation with its gradient adds only what is new. */
async function compiled(
  compile: ReturnType<typeof modelCompiler>,
  folder: string,
  kernels: readonly KernelFile[],
): Promise<Map<string, Row>> {
  const rows = new Map<string, Row>();
  const seen = new Set<string>();
  for (const { file, kind, shape, workgroups, bytes } of kernels) {
    const text = await Deno.readTextFile(`${folder}/${file}`);
    if (kind.endsWith("backward") && seen.has(text)) continue;
    const { figures } = await compile(text);
    seen.add(text);
    const [x, y, z] = workgroups;
    // Of an operation of several kernels, the first reads what it is given.
    const isFirst = file === kernelFiles(kernelName(kind, shape), [""])[0] &&
      !kind.endsWith("backward");
    rows.set(file.replace(/\.wgsl$/, ""), {
      ...figures,
      workgroups: x * y * z,
      memory: isFirst ? memoryOf(bytes, x * y * z, figures) : 0,
    });
  }
  return rows;
}

function cells(name: string, row: Row): string[] {
  const old = (before as Before)[name];
  return [
    `\`${name}\``,
    `${row.workgroups} × ${row.workgroupSize}`,
    `${row.bound} %`,
    `${row.latencyBound} %`,
    row.limit,
    row.memory === 0 ? "" : `${row.memory.toFixed(1)} ×`,
    row.width === 0 ? "" : `${row.width}`,
    `${row.registers}`,
    `${row.waves}`,
    `${row.spills}`,
    old ? [`${old.bound} %`, old.limit, ...(old.width ? [old.width] : [])].join(", ") : "",
  ];
}

function tableText(rows: ReadonlyMap<string, Row>): string {
  const lines = [
    HEADING,
    HEADING.map(() => "---"),
    ...[...rows].map(([name, row]) => cells(name, row)),
  ];
  return lines.map((line) => `| ${line.join(" | ")} |`).join("\n") + "\n";
}

/** What the table of the page says of each kernel's bound and spills. */
function known(page: string): Map<string, { bound: number; latencyBound: number; spills: number }> {
  const lines = page.split(BEGIN)[1]?.split("\n") ?? [];
  return new Map(lines.flatMap((line) => {
    const [, name, , bound, latencyBound, , , , , , spills] = line.split("|").map((cell) =>
      cell.trim()
    );
    if (!name?.startsWith("`")) return [];
    return [[name.slice(1, -1), {
      bound: parseInt(bound!),
      latencyBound: parseInt(latencyBound!),
      spills: Number(spills),
    }]];
  }));
}

const flags = parseArgs(Deno.args, { string: ["model"], boolean: ["check", "half", "help"] });
if (flags.help) {
  console.log(HELP);
  Deno.exit(0);
}
const model = flags.model ?? "/tmp/neocog-gpu-model";
await buildModel(model);
const compile = modelCompiler(model);
if (flags.half) {
  for (const [name, text] of await float16Products()) {
    const { bound, limit, spills } = (await compile(text)).figures;
    console.log(`${name}: ${bound} %, ${limit}, ${spills} spills`);
  }
  Deno.exit(0);
}
const folder = await Deno.makeTempDir();
const kernels = await writeKernels(folder, "gpu");
const rows = await compiled(compile, folder, kernels);
const steps = await networkSteps(compile);
await Deno.remove(folder, { recursive: true });
const page = await Deno.readTextFile(PAGE);
const old = known(page);
let worse = 0;
for (const [name, { bound, latencyBound, spills }] of rows) {
  const was = old.get(name);
  if (!was) continue;
  if (bound < was.bound || latencyBound < was.latencyBound || spills > was.spills) {
    worse++;
    console.log(
      `${name}: ${was.bound} %, by latency ${was.latencyBound} %, ${was.spills} spills; now ${bound} %, ${latencyBound} %, ${spills}`,
    );
  }
}
console.log(`${rows.size} kernels, ${worse} worse than in docs/gpu_kernels.md`);
if (flags.check) Deno.exit(worse > 0 ? 1 : 0);
await writeFileAtomically(
  decodeURIComponent(PAGE.pathname),
  `${page.split(BEGIN)[0]}${BEGIN}
${STEPS}

${stepsTable(steps)}
${KERNELS}

${tableText(rows)}`,
);
