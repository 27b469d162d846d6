// `deno task summary`: a model's layers with their sizes and costs, or models side by side.
import { auxiliaryWeights } from "../lib/layers/auxiliary.ts";
import {
  blockDrawing,
  comparison,
  comparisonChart,
  drawing,
  sizeOfModel,
  summary,
  trainingMemory,
  type TrainingMemoryOptions,
} from "../lib/sizing/mod.ts";
import { countParameters, type Layer, models, type Shape } from "../mod.ts";
import type { AnyModel } from "../lib/layers/layer.ts";
import type { ShapeTree } from "../lib/tensor/tensor.ts";
import { OPTIMIZER_MEMORIES } from "../lib/sizing/training_memory.ts";
import { unknownName } from "../lib/text/nearest.ts";
import { table } from "../lib/text/table.ts";
import { writeFileAtomically } from "../lib/files/mod.ts";
import {
  choice,
  count,
  path,
  refuse,
  runCommand,
  text,
  toggle,
  UsageError,
  type Values,
} from "./command.ts";
import { say } from "./command/say.ts";
import { isImported } from "../lib/weights/imported_file.ts";
import { isModelFile, modelFlag, namedModel, ownModelFlags } from "./own_model.ts";
import { ilsvrcResult } from "./summary/ilsvrc.ts";

/** What the task takes. */
export const command = {
  name: "summary",
  summary:
    "Prints a model's layers with their output shapes, kernels, parameters, FLOPs and receptive fields, and the memory that training needs. Nothing is allocated.",
  positionals: {
    model: text({
      help: "the model's name, or your own, in a file: ./model.ts, model.onnx or model.keras",
      defaultText: "none: the models are listed",
    }),
  },
  flags: {
    model: modelFlag({ help: "the model, as MODEL" }),
    export: ownModelFlags.export,
    compare: text({ help: "models to compare, separated by commas" }),
    input: text({
      help: "shape of one input, HEIGHTxWIDTHxCHANNELS",
      defaultText: "the model's own",
    }),
    classes: count({ min: 1, help: "number of classes", defaultText: "the model's own" }),
    auxiliary: toggle({ help: "include the auxiliary heads of GoogLeNet and Inception v3" }),
    "batch-size": count({
      min: 1,
      default: 1,
      help: "images per training step, for the memory",
    }),
    optimizer: choice(OPTIMIZER_MEMORIES, {
      default: "adam",
      help: "the optimizer, for the memory",
    }),
    svg: path({ help: "file for a drawing of the network, or with --compare for a chart" }),
    blocks: path({ help: "file for a picture of the network as blocks in true proportions" }),
    json: toggle({ help: "print one JSON object" }),
  },
  examples: [
    ["deno task summary", "all models, with their parameters and inputs"],
    ["deno task summary lenet5", "LeNet-5 for MNIST"],
    ["deno task summary lenet5 --input 32x32x3", "for color images"],
    [
      "deno task summary resnet20 --batch-size 128",
      "the memory of a training step with 128 images",
    ],
    ["deno task summary resnet20 --svg resnet20.svg", "a drawing with its residual connections"],
    ["deno task summary vgg16 --blocks vgg16.svg", "its layers in true proportions"],
    ["deno task summary --compare alexnet,vgg16,googlenet,resnet50", "a table of four models"],
  ],
} as const;

/** The shape that `--input` says. */
export function parseShape(input: string): number[] {
  const sizes = /^\d+x\d+x\d+$/.test(input) ? input.split("x").map(Number) : [];
  if (sizes.length !== 3 || !sizes.every((size) => size >= 1 && Number.isSafeInteger(size))) {
    refuse("--input", "HEIGHTxWIDTHxCHANNELS, such as 28x28x1", input || "empty");
  }
  return sizes;
}

/** A model, and the input it is to take. */
type ShapedModel = { name: string; about: string; model: Layer; shape: ShapeTree };

/** Flags that change a model. */
type ModelFlags = {
  readonly input: string | undefined;
  readonly classes: number | undefined;
  readonly auxiliary: boolean;
  readonly export: string | undefined;
};

/** Builds a model by its name, for the shape and classes of the flags. */
async function choose(
  name: string,
  { input, classes, auxiliary, export: exportName }: ModelFlags,
): Promise<ShapedModel> {
  if (!isModelFile(name) && !isImported(name) && !Object.hasOwn(models, name)) {
    throw new UsageError(unknownName("model", name, Object.keys(models)));
  }
  const { about, inputShape, build, own } = await namedModel(name, exportName);
  const shape = input === undefined ? inputShape ?? own?.inputs : parseShape(input);
  if (shape === undefined) {
    throw new UsageError(
      `Cannot use ${name} without --input: the file must export inputShape, got none`,
    );
  }
  const model = build({ auxiliary, ...(classes ? { numClasses: classes } : {}) });
  if (auxiliary && Object.keys(auxiliaryWeights(model, shape as Shape)).length === 0) {
    throw new UsageError(`Cannot use --auxiliary: ${name} has no auxiliary heads`);
  }
  return { name, about, shape, model };
}

async function draw(file: string | undefined, picture: () => string): Promise<void> {
  if (file === undefined) return;
  await writeFileAtomically(file, picture());
  say(`${file} written`);
}

function printOne(
  { name, about, model, shape }: ShapedModel,
  options: TrainingMemoryOptions,
): void {
  console.log(`${name}: ${about}\n\n${summary(model, shape, options)}`);
}

/** A model as a JSON object: its totals, then its layers. */
function jsonOf({ name, model, shape }: ShapedModel, options: TrainingMemoryOptions): object {
  const { layers, ...sums } = sizeOfModel(model as AnyModel, shape);
  const memory = trainingMemory({ layers, ...sums }, options);
  return { model: name, ...sums, training: { ...options, bytes: memory }, layers };
}

/** Prints the models by name. */
function listModels(json: boolean): void {
  const listed = Object.entries(models).map(([name, { about, inputShape, build }]) => ({
    name,
    parameters: countParameters(build().declare(inputShape).params),
    inputShape,
    about,
  }));
  if (json) return console.log(JSON.stringify({ models: listed }));
  const rows = listed.map(({ name, parameters, inputShape, about }) => [
    name,
    parameters.toLocaleString("en-US"),
    inputShape.join("×"),
    about,
  ]);
  console.log(table([["model", "parameters", "input", "what it is"], ...rows], {
    align: ["left", "right", "left", "left"],
    heading: true,
  }));
}

/** Runs the task. */
async function run(
  values: Values<typeof command.flags> & Values<typeof command.positionals>,
): Promise<void> {
  const { model: name, compare, svg, blocks, json } = values;
  if (name !== undefined && compare !== undefined) {
    throw new UsageError(
      `Cannot run: either MODEL or --compare must be given, got both: --compare ${name},${compare}`,
    );
  }
  if (name === undefined && compare === undefined) return listModels(json);
  const options = { batchSize: values["batch-size"], optimizer: values.optimizer };
  if (name !== undefined) {
    const chosen = await choose(name, values);
    await draw(svg, () => drawing(chosen.model, chosen.shape, { title: name }));
    await draw(blocks, () => blockDrawing(chosen.model, chosen.shape, { title: name }));
    if (json) console.log(JSON.stringify(jsonOf(chosen, options)));
    else printOne(chosen, options);
    return;
  }
  if (blocks !== undefined) {
    throw new UsageError("Cannot use --blocks with --compare: it draws one network, as MODEL");
  }
  const all = await Promise.all(
    compare!.split(",").map((one) => choose(one.trim(), values)),
  );
  const compared = all.map(({ name, model, shape }) => ({
    name,
    size: sizeOfModel(model as AnyModel, shape),
    result: ilsvrcResult(name),
  }));
  await draw(svg, () => comparisonChart(compared));
  if (json) {
    const rows = all.map((one, i) => ({
      ...jsonOf(one, options),
      layers: undefined,
      result: compared[i]!.result,
    }));
    console.log(JSON.stringify({ models: rows }));
  } else console.log(comparison(compared));
}

if (import.meta.main) await runCommand(command, Deno.args, run);
