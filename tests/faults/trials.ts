// Runs of `train` and `transfer` so small that one takes seconds, and what they leave.
import { encodePng } from "../../lib/image/mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { fold, key, readCheckpoint } from "../../mod.ts";
import { idxBytes } from "../data/idx_files.ts";
import { madeCheckpoint } from "../tasks/made_network.ts";
import { taskWords } from "../tasks/run_task.ts";
import type { Fault } from "./inject.ts";

const root = new URL("../../", import.meta.url);

/** A run to try: a task and its flags but for `--out`. */
export type Subject = {
  readonly name: string;
  readonly task: "train" | "transfer";
  readonly flags: readonly string[];
};

/** A process that has ended. */
export type Ended = { readonly code: number; readonly out: string; readonly err: string };

const byte = (value: number): number => Math.round(255 * value);

/** 28 × 28 pixels from 0 to 1, brighter in one of three parts by the label. */
function digit(label: number, n: number): Float32Array {
  const noise = uniformArray(fold(key(n), "digit"), 784, 0, 0.3);
  return noise.map((value, i) => value + (Math.floor(i / 262) === label ? 0.6 : 0));
}

async function writeIdx(dir: string, prefix: string, count: number, from: number): Promise<void> {
  const labels = Uint8Array.from({ length: count }, (_, n) => n % 3);
  const images = new Uint8Array(count * 784);
  labels.forEach((label, n) => images.set(digit(label, from + n).map(byte), 784 * n));
  await Deno.writeFile(`${dir}/${prefix}-images-idx3-ubyte`, idxBytes([count, 28, 28], images));
  await Deno.writeFile(`${dir}/${prefix}-labels-idx1-ubyte`, idxBytes([count], labels));
}

async function writePictures(dir: string): Promise<void> {
  for (const [label, name] of ["above", "between", "below"].entries()) {
    await Deno.mkdir(`${dir}/${name}`, { recursive: true });
    for (let n = 0; n < 6; n++) {
      const image = { width: 28, height: 28, channels: 1, pixels: digit(label, 100 + n) } as const;
      await Deno.writeFile(`${dir}/${name}/${n}.png`, encodePng(image));
    }
  }
}

/**
 * Writes the data of the runs to a folder, and says what they are.
 *
 * @param dir an empty folder
 * @param backend where they compute
 */
export async function subjectsIn(
  dir: string,
  backend: "cpu" | "webgpu",
): Promise<[Subject, Subject, Subject]> {
  await Deno.mkdir(`${dir}/digits`, { recursive: true });
  await writeIdx(`${dir}/digits`, "train", 24, 0);
  await writeIdx(`${dir}/digits`, "t10k", 9, 50);
  await writePictures(`${dir}/photos`);
  const weights = await madeCheckpoint(dir);
  const on = ["--backend", backend];
  const digits = ["--data-dir", `${dir}/digits`, "--batch-size", "6", ...on];
  return [
    { name: `train (${backend})`, task: "train", flags: [...digits, "--epochs", "3"] },
    {
      name: `train, best of held-back images (${backend})`,
      task: "train",
      flags: [
        ...[...digits, "--epochs", "4", "--validation", "0.25", "--augment", "digits"],
        ...["--early-stop", "--patience", "2"],
      ],
    },
    {
      name: `transfer (${backend})`,
      task: "transfer",
      flags: [
        ...["--weights", weights, "--data", `${dir}/photos`, "--batch-size", "4", ...on],
        ...["--epochs", "2", "--fine-tune-from", "dense1", "--fine-tune-epochs", "2"],
      ],
    },
  ];
}

/** Starts a task, with a fault if one is given, in a process of its own. */
export function spawnTask(
  task: string,
  args: readonly string[],
  fault?: Fault,
): Deno.ChildProcess {
  const file = taskWords(task).at(-1)!;
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check"],
      ...(fault ? ["--preload", new URL("inject.ts", import.meta.url).pathname] : []),
      ...[file, ...args],
    ],
    cwd: root,
    env: {
      NO_COLOR: "1",
      DENO_WEBGPU_BACKEND: "vulkan",
      ...(fault ? { NEOCOG_FAULT: JSON.stringify(fault) } : {}),
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits for a process. */
export async function ended(child: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** The names of files in a folder; none if it is not there. */
export function namesIn(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

/** A table without the columns of times and of the run's id. */
function withoutTimes(csv: string): string {
  const rows = csv.trim().split("\r\n").map((line) => line.split(","));
  const kept = rows[0]!.flatMap((name, i) => ["seconds", "run"].includes(name) ? [] : [i]);
  return rows.map((row) => kept.map((i) => row[i]).join()).join("\n");
}

/** All that a run's numbers are, as text: equal to the bit if equal. */
export async function numbersIn(dir: string): Promise<string> {
  const parts: string[] = [];
  for (const name of namesIn(dir)) {
    if (name.endsWith(".csv")) {
      parts.push(`${name}\n${withoutTimes(await Deno.readTextFile(`${dir}/${name}`))}`);
    }
    if (!name.endsWith(".safetensors")) continue;
    const { sections, run } = await readCheckpoint(`${dir}/${name}`);
    const { id: _, history, ...about } = run as { id: string; history: { seconds: number }[] };
    const epochs = history.map(({ seconds: _, ...numbers }) => numbers);
    parts.push(`${name} ${JSON.stringify([about, epochs])}`);
    for (const [section, tensors] of Object.entries(sections)) {
      for (const [path, { shape, values }] of [...tensors].sort(([a], [b]) => a < b ? -1 : 1)) {
        const bits = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
        parts.push(`${section}/${path} [${shape}] ${bits.toHex()}`);
      }
    }
  }
  return parts.join("\n");
}

/** Begins a run whose process was killed again, or goes on with it, as its user would. */
export async function finish({ task, flags }: Subject, out: string): Promise<Ended> {
  const there = namesIn(out);
  const hasBegun = there.includes("checkpoint.safetensors") || there.includes("config.json");
  const again = hasBegun
    ? ["--resume", "--backend", flags[flags.indexOf("--backend") + 1]!]
    : flags;
  return await ended(spawnTask(task, [...again, "--out", out]));
}
