// `deno task summary`: a model's layers with their sizes.
import { findModel, models, sizeOfModel, summary, unknownName } from "../mod.ts";
import { count, runCommand, text, toggle, UsageError } from "./command.ts";

const command = {
  name: "summary",
  summary: "Prints a model's layers with their output shapes and parameters. Nothing is allocated.",
  positionals: {
    model: text({ required: true, help: `one of ${Object.keys(models).join(", ")}` }),
  },
  flags: {
    input: text({
      help: "shape of one input, HEIGHTxWIDTHxCHANNELS",
      defaultText: "the model's own",
    }),
    classes: count({ min: 1, help: "number of classes", defaultText: "the model's own" }),
    json: toggle({ help: "print one JSON object" }),
  },
  examples: [
    ["deno task summary lenet5", "LeNet-5 for MNIST"],
    ["deno task summary lenet5 --input 32x32x3", "for colour images"],
  ],
} as const;

function parseShape(input: string): number[] {
  const sizes = /^\d+x\d+x\d+$/.test(input) ? input.split("x").map(Number) : [];
  if (sizes.length !== 3 || sizes.some((size) => size < 1)) {
    throw new UsageError(
      `--input must be HEIGHTxWIDTHxCHANNELS, such as 28x28x1: got ${JSON.stringify(input)}`,
    );
  }
  return sizes;
}

await runCommand(command, Deno.args, ({ model: name, input, classes, json }) => {
  if (!Object.hasOwn(models, name)) {
    throw new UsageError(unknownName("model", name, Object.keys(models)));
  }
  const entry = findModel(name);
  const shape = input === undefined ? entry.inputShape : parseShape(input);
  const model = entry.build(classes === undefined ? {} : { numClasses: classes });
  if (json) console.log(JSON.stringify({ model: name, ...sizeOfModel(model, shape) }));
  else console.log(`${name}: ${entry.about}\n\n${summary(model, shape)}`);
});
