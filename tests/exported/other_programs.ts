// Other programs that answer for a network in a file, each in a process of its own.
import type { tf } from "../../mod.ts";

/** The Python that has some of them. */
const PYTHON = Deno.env.get("NEOCOG_PYTHON") ?? "python3";

/** A program that runs files. */
export type Program = AsyncDisposable & {
  /** What it says of a file with an input, `[N, H, W, C]` or `[N, features]`. */
  answer(file: string, x: tf.Tensor): Promise<{ shape: number[]; values: Float32Array }>;
};

/** Whether Python has packages. */
export async function hasPackages(packages: string): Promise<boolean> {
  try {
    const args = ["-c", `import ${packages}`];
    const env = { KERAS_BACKEND: "torch" };
    return (await new Deno.Command(PYTHON, { args, env, stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** ONNX Runtime or Keras. */
export function pythonProgram(kind: "onnx" | "keras"): Program {
  return programOf(PYTHON, [new URL("foreign.py", import.meta.url).pathname, kind]);
}

/** Stock TensorFlow.js on its CPU backend. */
export function stockTfjs(): Program {
  const script = new URL("stock_tfjs.ts", import.meta.url).pathname;
  return programOf(Deno.execPath(), ["run", "-A", script]);
}

function programOf(command: string, args: readonly string[]): Program {
  const child = new Deno.Command(command, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const folder = Deno.makeTempDirSync();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  /** The next line that is JSON: packages print greetings too. */
  const nextAnswer = async (): Promise<{ shape: number[]; error?: string }> => {
    while (true) {
      const lines = rest.split("\n");
      rest = lines.pop()!;
      const at = lines.findIndex((line) => line.startsWith("{"));
      if (at >= 0) {
        rest = [...lines.slice(at + 1), rest].join("\n");
        return JSON.parse(lines[at]!);
      }
      const { value, done } = await reader.read();
      if (done) throw new Error(`${command} ended: ${rest}`);
      rest += value;
    }
  };
  return {
    async answer(file, x) {
      const [input, output] = [`${folder}/x`, `${folder}/y`];
      await Deno.writeFile(input, new Uint8Array(Float32Array.from(await x.data()).buffer));
      const asked = JSON.stringify({ file, input, output, shape: x.shape });
      await writer.write(new TextEncoder().encode(`${asked}\n`));
      const { shape, error } = await nextAnswer();
      if (error) throw new Error(error);
      return { shape, values: new Float32Array((await Deno.readFile(output)).buffer) };
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await reader.cancel();
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
