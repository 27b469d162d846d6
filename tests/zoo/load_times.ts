// How long files of other programs take to become networks on the CPU backend, and the memory that takes:
//
//   NEOCOG_PYTHON=PYTHON deno run -A tests/zoo/load_times.ts FILE…
//
// Each file is read in a process of its own; ONNX files in ONNX Runtime too. What the process takes without a
// file is subtracted from its largest memory.
import { openNetworkFile } from "../../lib/weights/network_file.ts";
import { start } from "../../mod.ts";

const ORT = `
import sys, time, resource
import onnxruntime
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before = peak()
began = time.perf_counter()
onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
print(1000 * (time.perf_counter() - began), peak() - before)
`;

/** The most memory that this process had, in MiB. */
async function peak(): Promise<number> {
  const status = await Deno.readTextFile("/proc/self/status");
  return Number(/VmHWM:\s*(\d+)/.exec(status)![1]) / 1024;
}

async function measure(file: string): Promise<void> {
  await start({ backend: "cpu" });
  const before = await peak();
  const began = performance.now();
  // Networks that read text have lines of one height.
  const pictureShape = /_rec_/.test(file) ? [48, 320, 3] : undefined;
  const network = await openNetworkFile(file, { pictureShape });
  await network.load();
  console.log(performance.now() - began, await peak() - before);
}

async function linesOf(command: string, args: readonly string[]): Promise<string[]> {
  const { stdout, stderr, success } = await new Deno.Command(command, { args: [...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const numbers = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!.split(" ");
  return numbers.map((one) => Number(one).toFixed(0));
}

if (Deno.args[0] === "--one") {
  await measure(Deno.args[1]!);
} else {
  const python = Deno.env.get("NEOCOG_PYTHON") ?? "python3";
  console.log("file | MB | ms | MiB | ONNX Runtime: ms | MiB");
  for (const file of Deno.args) {
    const own = [Deno.mainModule, "--one", file];
    const [ms, memory] = await linesOf(Deno.execPath(), ["run", "-A", "--no-check", ...own]);
    const theirs = file.endsWith(".onnx") ? await linesOf(python, ["-c", ORT, file]) : ["", ""];
    const size = ((await Deno.stat(file)).size / 1e6).toFixed(1);
    console.log([file.replace(/^.*\//, ""), size, ms, memory, ...theirs].join(" | "));
  }
}
