// `deno task test:zoo`: what is written for other programs, they run with the same answers.
import { assertEquals } from "@std/assert";
import { disposeTree, models, type Shape, start, tf, weights } from "../../mod.ts";
import { assertClose } from "../closeness.ts";
import { CASES } from "../exported/cases.ts";
import { type Answer, answerOf } from "../exported/networks.ts";
import { hasPackages, type Program, pythonProgram, stockTfjs } from "../exported/other_programs.ts";

/** Of the largest number: float32 over up to some hundred layers. */
const TOLERANCE = 1e-5;

/** Number of classes: that of digits, as LeNet-5 of 1998 has a picture of each. */
const CLASSES = 10;

/** The smallest of some sizes that a model takes. */
function smallShape(name: string): Shape {
  const { build, inputShape: [size, , channels] } = models[name]!;
  for (const small of [32, 48, 64, 75]) {
    if (small > size!) break;
    try {
      build().declare([small, small, channels!]);
      return [small, small, channels!];
    } catch {
      // It is too small for its windows.
    }
  }
  return [size!, size!, channels!];
}

type Writer = (folder: string, answer: Answer) => Promise<string>;

async function assertSame(program: Program, write: Writer, answer: Answer, what: string) {
  const folder = await Deno.makeTempDir();
  try {
    const file = await write(folder, answer);
    const { shape, values } = await program.answer(file, answer.x);
    assertEquals(shape, answer.y.shape, what);
    await assertClose(values, answer.y, what, TOLERANCE);
  } finally {
    await Deno.remove(folder, { recursive: true });
    tf.dispose([answer.x, answer.y]);
    disposeTree(answer.network.params, answer.network.state);
  }
}

/** Declares the tests of a format. */
function testFormat(
  format: string,
  packages: string | undefined,
  begin: () => Program | Promise<Program>,
  write: Writer,
): void {
  const only = Deno.env.get("NEOCOG_ZOO")?.split(",");
  Deno.test(`each layer as ${format} answers the same there`, async (t) => {
    if (packages && !await hasPackages(packages)) return skip(t, packages);
    await start({ backend: "cpu" });
    await using program = await begin();
    for (const [name, [layer, shape]] of Object.entries(CASES)) {
      if (only && !only.includes(name)) continue;
      await t.step(name, () => assertSame(program, write, answerOf(layer, shape), name));
    }
  });
  Deno.test(`each model as ${format} answers the same there`, async (t) => {
    if (packages && !await hasPackages(packages)) return skip(t, packages);
    // The CPU backend adds in 64 bits: what differs is the other program's rounding.
    await start({ backend: "cpu" });
    await using program = await begin();
    for (const name of Object.keys(models)) {
      if (only && !only.includes(name)) continue;
      const model = models[name]!.build({ numClasses: CLASSES });
      await t.step(name, () => assertSame(program, write, answerOf(model, smallShape(name)), name));
    }
  });
}

async function skip(t: Deno.TestContext, packages: string): Promise<void> {
  await t.step({ name: `needs a Python with ${packages}`, ignore: true, fn: () => {} });
}

testFormat("ONNX", "onnx, onnxruntime", () => pythonProgram("onnx"), async (folder, answer) => {
  const file = `${folder}/model.onnx`;
  await weights.writeOnnx(file, answer.network);
  return file;
});

testFormat("Keras", "keras, torch", () => pythonProgram("keras"), async (folder, answer) => {
  const file = `${folder}/model.keras`;
  await weights.writeKeras(file, answer.network);
  return file;
});

testFormat(
  "Keras in HDF5",
  "keras, torch",
  () => pythonProgram("keras"),
  async (folder, answer) => {
    const file = `${folder}/model.h5`;
    await weights.writeKeras(file, answer.network);
    return file;
  },
);

testFormat("TensorFlow.js", undefined, stockTfjs, async (folder, answer) => {
  await weights.writeTfjs(folder, answer.network);
  return folder;
});
