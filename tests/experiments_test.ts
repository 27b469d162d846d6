// The experiments: their shared code, and each as a reader runs it, with tiny sizes.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { type Experiment, last, type Row, type Run } from "../examples/experiments/experiment.ts";
import { halfSize, shifted } from "../examples/experiments/images.ts";
import {
  csvOf,
  holds,
  metricsTable,
  pictureOf,
  verdictsOf,
  verdictText,
} from "../examples/experiments/results.ts";
import { FlagError, parseFlags } from "../examples/experiments/run_experiment.ts";
import { trainingRows } from "../examples/experiments/training_rows.ts";
import * as nc from "../mod.ts";
import { onCpu } from "./backends.ts";
import { gpuTest } from "./device/adapter.ts";

const root = new URL("../", import.meta.url);
const folder = new URL("examples/experiments/", root);

/** The files of the experiments: those that run one. */
const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
  .filter((name) => name.endsWith(".ts"))
  .filter((name) =>
    /^if \(import\.meta\.main\)/m.test(Deno.readTextFileSync(new URL(name, folder)))
  )
  .sort();

function runOf(variant: string, seed: number, values: readonly number[]): Run {
  return { variant, seed, rows: values.map((loss, step) => ({ step, loss })), seconds: 1 };
}

const runs = [
  runOf("a", 0, [3, 2]),
  runOf("b, c", 0, [3, 1]),
  runOf("a", 1, [4, 1.5]),
  runOf("b, c", 1, [4, 1.75]),
];
const loss = (rows: readonly Row[]): number => last(rows, "loss");
const experiment: Experiment = {
  name: "none",
  title: "Two",
  question: "Which?",
  variants: ["a", "b, c"],
  panels: [{ x: ["step", "steps"], y: ["loss", "loss, nats"] }],
  metrics: [{ name: "loss", of: loss }, { name: "other", of: (rows) => last(rows, "other") }],
  claims: [
    {
      text: "b is lower",
      margin: (rowsOf) => loss(rowsOf("a")) - loss(rowsOf("b, c")),
      asserted: true,
    },
    { text: "a ends below 3", margin: (rowsOf) => 3 - loss(rowsOf("a")), asserted: true },
  ],
  prepare: () => Promise.reject(new Error("not run")),
};

Deno.test("an experiment's CSV has a line per point, quoted fields, and gaps for missing numbers", () => {
  const [a, b] = [runs[0]!, { ...runs[1]!, rows: [{ step: 0, other: 0.1 }] }];
  assertEquals(
    csvOf([a, b]),
    'variant,seed,step,loss,other\r\na,0,0,3,\r\na,0,1,2,\r\n"b, c",0,0,,0.1\r\n',
  );
});

Deno.test("an experiment's metrics are means over the seeds with the least and the greatest", () => {
  const lines = metricsTable(experiment, runs).split("\n");
  assertEquals(lines[2]!.split(/ {2,}/), ["a", "1.75 (1.5 to 2)", "none"]);
  assertEquals(lines[3]!.split(/ {2,}/), ["b, c", "1.38 (1 to 1.75)", "none"]);
});

Deno.test("a claim holds if it does with every seed, and its margins are printed", () => {
  const [lower, below] = verdictsOf(experiment, runs);
  assertEquals([lower!.margins, below!.margins], [[1, -0.25], [1, 1.5]]);
  assertEquals([holds(lower!), holds(below!)], [false, true]);
  assertEquals(
    verdictText(lower!),
    "DOES NOT HOLD with 1 of 2 seeds, margins 1, -0.25: b is lower",
  );
  assertEquals(verdictText(below!), "holds with 2 of 2 seeds, margins 1, 1.5: a ends below 3");
  assert(!holds({ ...below!, margins: [NaN] }));
});

Deno.test("an experiment's picture has the means and the seeds, up to the end of the shortest run", async () => {
  const svg = await pictureOf(experiment, runs, "Two & more");
  for (const text of ["Two &amp; more", "loss, nats", "1.75", "1.38"]) {
    assertStringIncludes(svg, `>${text}</text>`);
  }
  const short = await pictureOf(experiment, [...runs.slice(0, 3), runOf("b, c", 1, [4])], "");
  assertStringIncludes(short, ">3.5</text>");
});

Deno.test("an experiment's flags are parsed, and others refused", () => {
  assertEquals(parseFlags([]), { help: false, quick: false, seeds: 3, out: "runs/experiments" });
  assertEquals(parseFlags(["--quick", "--out", "x"]).seeds, 1);
  assertEquals(parseFlags(["--quick", "--seeds", "2"]).seeds, 2);
  const refuses = (args: string[], message: string): void => {
    assertThrows(() => parseFlags(args), FlagError, message);
  };
  for (const value of ["0", "-1", "1.5", "many"]) {
    refuses(
      [`--seeds=${value}`],
      `--seeds must be a whole number from 1 to 999, got ${value}`,
    );
  }
  refuses(["--seed", "1"], "flags are --help, --quick, --seeds and --out, got --seed");
  refuses(["3"], "--out, got 3");
});

const two: nc.Examples = {
  name: "two",
  images: Uint8Array.from([0, 2, 4, 8, 1, 1, 1, 1, 255, 255, 255, 255, 0, 0, 0, 200]),
  labels: Uint8Array.from([0, 1]),
  imageShape: [2, 4, 1],
  classNames: ["a", "b"],
};

Deno.test("images are halved by means, and shifted on a larger square", () => {
  const half = halfSize(two);
  assertEquals([half.imageShape, [...half.images]], [[1, 2, 1], [1, 4, 128, 178]]);
  const square = { ...two, images: two.images.subarray(0, 8), imageShape: [2, 2, 1] as const };
  const middle = shifted(square, 4, 0, 0);
  assertEquals(middle.images.subarray(0, 16).join(" "), "0 0 0 0 0 0 2 0 0 4 8 0 0 0 0 0");
  const moved = shifted(square, 4, 1, -1);
  assertEquals(moved.images.subarray(0, 16).join(" "), "0 0 0 0 0 0 0 0 0 2 0 0 4 8 0 0");
  // What leaves the square is lost.
  assertEquals([...shifted(square, 4, 2, 0).images.subarray(8, 16)], [0, 0, 0, 0, 0, 0, 2, 0]);
});

onCpu(
  "training rows are means of windows, and test numbers after each epoch",
  async () => {
    const count = 10;
    const train: nc.Examples = {
      name: "pixels",
      images: Uint8Array.from({ length: count }, (_, i) => i % 2 * 255),
      labels: Uint8Array.from({ length: count }, (_, i) => i % 2),
      imageShape: [1, 1, 1],
      classNames: ["dark", "light"],
    };
    const model = nc.sequential({ flatten: nc.flatten(), logits: nc.dense({ features: 2 }) });
    const optimizer = nc.sgd({ learningRate: 0.5 });
    const options = { epochs: 2, batchSize: 4, optimizer, key: nc.key(3), validation: train };
    const [losses, accuracies, tests]: [number[], number[], number[]] = [[], [], []];
    const onStep = ({ loss }: nc.StepReport): void => void losses.push(loss);
    for await (
      const { accuracy, valAccuracy, epoch, network } of nc.fit(model, train, {
        ...options,
        onStep,
      })
    ) {
      accuracies.push(accuracy);
      tests.push(valAccuracy!);
      if (epoch === 2) nc.disposeTraining(network);
    }

    const before = nc.tf.memory().numTensors;
    const reported: Row[] = [];
    const onRow = (row: Row): void => void reported.push(row);
    const run = { model, train, test: train, optimizer, epochs: 2, batchSize: 4, seed: 3, onRow };
    const rows = await trainingRows({ ...run, window: 1 });
    assertEquals(nc.tf.memory().numTensors, before);
    assertEquals(rows, reported);
    assertEquals(rows.flatMap(({ trainLoss }) => trainLoss ?? []), losses);
    assertEquals(rows.flatMap(({ testAccuracy }) => testAccuracy ?? []), tests);
    assertEquals(rows.map(({ step }) => step), [1, 2, 3, 3, 4, 5, 6, 6]);
    // Batches of 4, 4 and 2 have the correct predictions of the epoch.
    const shares = rows.flatMap(({ trainAccuracy }) => trainAccuracy ?? []);
    for (const [epoch, accuracy] of accuracies.entries()) {
      const [a, b, c] = shares.slice(3 * epoch, 3 * epoch + 3) as [number, number, number];
      assertAlmostEquals((4 * a + 4 * b + 2 * c) / 10, accuracy, 1e-9);
      for (const share of [4 * a, 4 * b, 2 * c]) assertAlmostEquals(share, Math.round(share), 1e-9);
    }
    const windows = (await trainingRows({ ...run, window: 2 })).flatMap(({ trainLoss }) =>
      trainLoss ?? []
    );
    assertEquals(windows.length, 3);
    assertAlmostEquals(windows[0]!, (losses[0]! + losses[1]!) / 2, 1e-9);
  },
);

onCpu("training rows end with the step at which the loss is no longer finite", async () => {
  const model = nc.sequential({ flatten: nc.flatten(), logits: nc.dense({ features: 2 }) });
  const optimizer = nc.sgd({ learningRate: 1e39 });
  const train = { ...two, images: two.images.subarray(0, 16) };
  const run = { model, train, test: train, optimizer, epochs: 9, batchSize: 2, seed: 0, window: 1 };
  const rows = await trainingRows({ ...run, onRow: () => {} });
  const { step, divergedAt } = rows.at(-1)!;
  assert(divergedAt! >= 2 && divergedAt! < 9 && divergedAt === step! + 1);
});

Deno.test("there are seven experiments, each with its name and its command in the README", () => {
  assertEquals(files.length, 7);
  const readme = Deno.readTextFileSync(new URL("README.md", folder));
  for (const file of files) {
    const text = Deno.readTextFileSync(new URL(file, folder));
    assertStringIncludes(text, `name: "${file.slice(0, -".ts".length)}"`);
    const command =
      `deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/${file}`;
    assertStringIncludes(text, `\n// ${command}\n`);
    assertStringIncludes(readme, command);
  }
});

Deno.test("the experiments' README shows all their pictures", () => {
  const readme = Deno.readTextFileSync(new URL("README.md", folder));
  const shown = [...readme.matchAll(/\]\((\w+\.svg)\)/g)].map((match) => match[1]!).sort();
  const pictures = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".svg")).sort();
  assertEquals(shown, pictures);
  assertGreater(shown.length, 0);
  for (const name of pictures) {
    assert(files.includes(name.replace(/svg$/, "ts")), name);
  }
});

for (const file of files) {
  gpuTest(`examples/experiments/${file} --quick writes its numbers and its picture`, async () => {
    const out = await Deno.makeTempDir({ prefix: "neocog-" });
    try {
      const path = `examples/experiments/${file}`;
      const permissions = ["--allow-read", "--allow-write", "--allow-env=XDG_RUNTIME_DIR"];
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", ...permissions, path, "--quick", "--out", out],
        cwd: root,
        stdin: "null",
        env: { NO_COLOR: "1" },
      }).output();
      assertEquals(code, 0, new TextDecoder().decode(stderr));
      assertStringIncludes(new TextDecoder().decode(stdout), "--quick only shows");
      const name = file.slice(0, -".ts".length);
      const csv = await Deno.readTextFile(`${out}/${name}.csv`);
      assertStringIncludes(csv, "variant,seed,");
      assertGreater(csv.split("\r\n").length, 5);
      assertStringIncludes(await Deno.readTextFile(`${out}/${name}.svg`), "(--quick)</text>");
    } finally {
      await Deno.remove(out, { recursive: true });
    }
  });
}

Deno.test("an experiment lists its flags, and exits with 2 if given others", async () => {
  const run = async (arg: string): Promise<[number, string, string]> => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "examples/experiments/dropout.ts", arg],
      cwd: root,
      stdin: "null",
      env: { NO_COLOR: "1" },
    }).output();
    return [code, ...[stdout, stderr].map((of) => new TextDecoder().decode(of))] as never;
  };
  const [code, help] = await run("--help");
  assertEquals(code, 0);
  for (const flag of ["--quick", "--seeds N", "--out DIR", "§12.7.2"]) {
    assertStringIncludes(help, flag);
  }
  const [failed, , message] = await run("--fast");
  assertEquals(failed, 2);
  assert(message.startsWith("Cannot run the experiment: its flags are"));
});
