// A job that a peer in Python does, in a process of the Python that NEOCOG_PYTHON names.
import { networkOf, withoutDropout } from "../networks.ts";
import type { Job } from "./job.ts";

/** The job as Python is given it: with the network itself, as it has no registry. */
function forPython(job: Job): unknown {
  if (job.job === "zoo-peer") return { ...job, job: "zoo" };
  if (job.job !== "time" && job.job !== "agree") {
    throw new RangeError(`Cannot run a job in Python: it must be of times, got ${job.job}`);
  }
  const network = networkOf(job.model);
  if (job.job === "time") return { ...job, network };
  // As agree.ts has it.
  const learningRate = network.learningRate / 10;
  return { ...job, network: { ...withoutDropout(network), learningRate } };
}

/** Runs a job in Python, which prints its results as this process would. */
export async function pythonJob(job: Job): Promise<void> {
  const python = Deno.env.get("NEOCOG_PYTHON");
  if (!python) {
    throw new Error(
      "absent: set NEOCOG_PYTHON to a Python that has torch and torchvision, onnx and onnxruntime, tinygrad and dawn-python",
    );
  }
  const script = decodeURIComponent(new URL("../python/worker.py", import.meta.url).pathname);
  const process = new Deno.Command(python, {
    args: ["-B", script, JSON.stringify(forPython(job))],
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  // Else it would compute on when this process is ended.
  const stop = (): void => {
    process.kill("SIGKILL");
    Deno.exit(1);
  };
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", stop);
  const { code, signal } = await process.status;
  if (code !== 0) throw new Error(`its process ended with ${signal ?? code}`);
}
