// Other programs that answer for a network in a file.
import { tf } from "../../mod.ts";

/** The Python that has them. */
export const PYTHON = Deno.env.get("NEOCOG_PYTHON") ?? "python3";

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

/** ONNX Runtime or Keras, in a process of its own. */
export function pythonProgram(kind: "onnx" | "keras"): Program {
  const script = new URL("foreign.py", import.meta.url).pathname;
  const child = new Deno.Command(PYTHON, {
    args: [script, kind],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const folder = Deno.makeTempDirSync();
  const writer = child.stdin.getWriter();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  const nextLine = async (): Promise<string> => {
    while (!rest.includes("\n")) {
      const { value, done } = await lines.read();
      if (done) throw new Error(`${PYTHON} ended: ${rest}`);
      rest += value;
    }
    const at = rest.indexOf("\n");
    const line = rest.slice(0, at);
    rest = rest.slice(at + 1);
    return line;
  };
  return {
    async answer(file, x) {
      const [input, output] = [`${folder}/x`, `${folder}/y`];
      await Deno.writeFile(input, new Uint8Array(Float32Array.from(await x.data()).buffer));
      const asked = JSON.stringify({ file, input, output, shape: x.shape });
      await writer.write(new TextEncoder().encode(`${asked}\n`));
      const { shape, error } = JSON.parse(await nextLine());
      if (error) throw new Error(`${kind}: ${error}`);
      return { shape, values: new Float32Array((await Deno.readFile(output)).buffer) };
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await lines.cancel();
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
