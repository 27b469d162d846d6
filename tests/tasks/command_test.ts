// Flags from a declaration: typed values, help, and refusals before any work.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  choice,
  type Command,
  count,
  execute,
  type Flags,
  number,
  type Output,
  path,
  text,
  toggle,
  UsageError,
} from "../../tasks/command.ts";

const train = {
  name: "train",
  summary: "Trains a model.",
  flags: {
    model: choice(["lenet5", "chapter-mnist"], { default: "lenet5", help: "the model" }),
    epochs: count({ min: 1, default: 2, help: "passes over the training images" }),
    "batch-size": count({ min: 1, default: 64, help: "images in a step" }),
    "learning-rate": number({ above: 0, help: "step length", defaultText: "by optimizer" }),
    limit: count({ min: 1, help: "only the first N training images" }),
    momentum: number({ min: 0, below: 1, default: 0.9, help: "of sgd" }),
    out: path({ default: "runs/latest", help: "where results go" }),
    note: text({ help: "kept with the results" }),
    json: toggle({ help: "print a JSON line at the end" }),
    shuffle: toggle({ default: true, help: "keep the images in order" }),
  },
  examples: [["deno task train --limit 6000", "a quick look"]],
} as const satisfies Command<Flags>;

type Printed = { code: number; out: string; err: string; values: Record<string, unknown> };

/** Runs `train` with a command line split at spaces, and returns what it printed. */
async function run(
  line: string | string[],
  body: () => void = (): void => {},
  output: Partial<Output> = {},
): Promise<Printed> {
  const printed: Printed = { code: -1, out: "", err: "", values: {} };
  const args = typeof line === "string" ? line.split(" ").filter((arg) => arg !== "") : line;
  const record: Output = {
    print: (text) => void (printed.out += `${text}\n`),
    warn: (text) => void (printed.err += `${text}\n`),
    colors: { stdout: false, stderr: false },
    debugging: false,
    ...output,
  };
  printed.code = await execute(train, args, (values) => {
    printed.values = values;
    body();
  }, record);
  return printed;
}

/** Asserts that a command line is refused: code 2, one line on stderr, the body never run. */
async function assertRefused(line: string | string[], message: string): Promise<void> {
  let ran = false;
  const { code, out, err } = await run(line, () => void (ran = true));
  assertEquals([code, out, ran], [2, "", false], `${line}`);
  assertEquals(err, `error: ${message} (see deno task train --help)\n`);
}

Deno.test("a command without arguments gets its defaults", async () => {
  const { code, out, err, values } = await run("");
  assertEquals([code, out, err], [0, "", ""]);
  assertEquals(values, {
    model: "lenet5",
    epochs: 2,
    "batch-size": 64,
    "learning-rate": undefined,
    limit: undefined,
    momentum: 0.9,
    out: "runs/latest",
    note: undefined,
    json: false,
    shuffle: true,
  });
});

Deno.test("a command gets values with and without =, and toggles", async () => {
  const line = "--model=chapter-mnist --epochs 3 --learning-rate 1e-3 --momentum=0 --json";
  const { values } = await run(`${line} --no-shuffle --out=a=b`);
  assertEquals([values.model, values.epochs], ["chapter-mnist", 3]);
  assertEquals([values["learning-rate"], values.momentum], [0.001, 0]);
  assertEquals([values.json, values.shuffle, values.out], [true, false, "a=b"]);
});

Deno.test("a command's values are typed by its flags", async () => {
  const ignore = (): void => {};
  const output = { print: ignore, warn: ignore, colors: { stdout: false, stderr: false } };
  const code = await execute(train, [], (flags) => {
    const model: "lenet5" | "chapter-mnist" = flags.model;
    const epochs: number = flags.epochs;
    const json: boolean = flags.json;
    const out: string = flags.out;
    // @ts-expect-error a flag without a default may be absent
    const rate: number = flags["learning-rate"];
    // @ts-expect-error a misspelt flag is a compile error
    const epoch = flags.epoch;
    assertEquals([model, epochs, json, out], ["lenet5", 2, false, "runs/latest"]);
    assertEquals([rate, epoch] as unknown[], [undefined, undefined]);
  }, { ...output, debugging: false });
  assertEquals(code, 0);
});

Deno.test("an unknown flag is refused with the nearest", async () => {
  await assertRefused("--epoch 3", "unknown flag --epoch: did you mean --epochs?");
  await assertRefused("--batchsize=3", "unknown flag --batchsize: did you mean --batch-size?");
  await assertRefused("--lr 0.1", "unknown flag --lr: did you mean --learning-rate?");
  await assertRefused("--bs=3", "unknown flag --bs: did you mean --batch-size?");
  await assertRefused("--learn 1", "unknown flag --learn: did you mean --learning-rate?");
  await assertRefused("-limit 3", "unknown flag -limit: did you mean --limit?");
  await assertRefused("--frobnicate", "unknown flag --frobnicate");
  await assertRefused("-e 3", "unknown flag -e");
  await assertRefused("-3", "unknown flag -3");
  await assertRefused("--no-json", "unknown flag --no-json");
  await assertRefused("--__proto__ 1", "unknown flag --__proto__");
  await assertRefused("--constructor.name=1", "unknown flag --constructor.name");
});

Deno.test("an unknown name is refused with the nearest and all that are known", async () => {
  await assertRefused(
    "--model lenet",
    'unknown --model "lenet": did you mean "lenet5"? known: lenet5, chapter-mnist',
  );
  await assertRefused(
    "--model=LENET5 ",
    'unknown --model "LENET5": did you mean "lenet5"? ' +
      "known: lenet5, chapter-mnist",
  );
});

Deno.test("a learning rate that is not a finite number above 0 is refused", async () => {
  const rule = "Cannot use --learning-rate: it must be a number above 0, got";
  for (const value of ["0", "-1", "-0.5", "-.5", "NaN", "-NaN", "Infinity", "-Infinity", "12abc"]) {
    await assertRefused(`--learning-rate ${value}`, `${rule} ${value}`);
    await assertRefused(`--learning-rate=${value}`, `${rule} ${value}`);
  }
  for (const value of ["1e999", "0x10", "1_000", "1,5", "e3", ".", "--1"]) {
    await assertRefused(`--learning-rate=${value}`, `${rule} ${value}`);
  }
  await assertRefused(["--learning-rate", " "], `${rule}  `);
});

Deno.test("a count of 0, of a fraction or beyond exact numbers is refused", async () => {
  for (const flag of ["--batch-size", "--limit", "--epochs"]) {
    const rule = `Cannot use ${flag}: it must be a whole number of at least 1, got`;
    for (const value of ["0", "-1", "1.5", "NaN", "ten", "1e17"]) {
      await assertRefused(`${flag} ${value}`, `${rule} ${value}`);
    }
  }
  assertEquals((await run("--limit 6e3")).values.limit, 6000);
});

Deno.test("both bounds of a range are kept", async () => {
  const rule = "Cannot use --momentum: it must be a number of at least 0 and below 1, got";
  await assertRefused("--momentum 1", `${rule} 1`);
  await assertRefused("--momentum -0.1", `${rule} -0.1`);
  assertEquals((await run("--momentum 0.999")).values.momentum, 0.999);
});

Deno.test("a flag without the value it needs is refused", async () => {
  const message = "Cannot use --epochs: it needs a value, got none";
  await assertRefused("--epochs", message);
  await assertRefused("--epochs=", message);
  await assertRefused("--epochs --json", message);
  await assertRefused(["--epochs", ""], message);
  await assertRefused(
    ["--out", "  "],
    "Cannot use --out: it must be a path, got empty",
  );
});

Deno.test("a flag given twice is refused, in whichever form", async () => {
  const message = "Cannot use --epochs: it is given more than once";
  await assertRefused("--epochs 1 --epochs 2", message);
  await assertRefused("--epochs=1 --epochs 1", message);
  await assertRefused("--json --json", "Cannot use --json: it is given more than once");
  await assertRefused(
    "--shuffle --no-shuffle",
    "Cannot use --shuffle: it is given more than once",
  );
});

Deno.test("a toggle with a value other than true or false is refused", async () => {
  await assertRefused(
    "--json=maybe",
    "Cannot use --json: it must be given without a value, got maybe",
  );
  assertEquals((await run("--json=false")).values.json, false);
});

Deno.test("stray arguments are refused", async () => {
  await assertRefused("lenet5", 'unexpected argument "lenet5"');
  await assertRefused("--json 6000", 'unexpected argument "6000"');
  await assertRefused(
    "-- --epochs 3",
    'unexpected argument "--epochs": flags must not follow a lone --',
  );
  await assertRefused([""], 'unexpected argument ""');
});

Deno.test("positionals are parsed in order, and refused if they are missing or too many", async () => {
  const command = {
    name: "predict",
    summary: "Names what an image shows.",
    positionals: {
      image: path({ required: true, help: "a PNG" }),
      top: count({ min: 1, default: 3, help: "how many names" }),
    },
    flags: {},
  } as const satisfies Command<Flags, Flags>;
  const lines: string[] = [];
  const output: Output = {
    print: (text) => void lines.push(text),
    warn: (text) => void lines.push(text),
    colors: { stdout: false, stderr: false },
    debugging: false,
  };
  const body = ({ image, top }: { image: string; top: number }): void =>
    void lines.push(`${image} ${top + 1}`);
  assertEquals(await execute(command, ["007.png"], body, output), 0);
  assertEquals(await execute(command, ["--", "-x.png", "5"], body, output), 0);
  assertEquals(await execute(command, [], body, output), 2);
  assertEquals(await execute(command, ["a", "0"], body, output), 2);
  assertEquals(await execute(command, ["a", "1", "b"], body, output), 2);
  assertEquals(lines, [
    "007.png 4",
    "-x.png 6",
    "error: Cannot run without IMAGE: a PNG (see deno task predict --help)",
    "error: Cannot use top: it must be a whole number of at least 1, got 0 " +
    "(see deno task predict --help)",
    'error: unexpected argument "b" (see deno task predict --help)',
  ]);
  assertEquals(await execute(command, ["--help"], body, output), 0);
  assertStringIncludes(lines.at(-1)!, "Usage: deno task predict IMAGE [TOP] [flags]\n");
});

Deno.test("a required flag is refused if it is absent", async () => {
  const command = {
    name: "evaluate",
    summary: "",
    flags: { checkpoint: path({ required: true, help: "what to evaluate" }) },
  };
  let err = "";
  const warn = (text: string): void => void (err = text);
  const output = { print: (): void => {}, warn, debugging: false };
  const colors = { stdout: false, stderr: false };
  assertEquals(await execute(command, [], () => {}, { ...output, colors }), 2);
  assertEquals(
    err,
    "error: Cannot run without --checkpoint PATH: what to evaluate (see deno task evaluate --help)",
  );
});

Deno.test("--help prints summary, usage, flags with defaults and ranges, and examples", async () => {
  for (const line of ["--help", "-h", "--epochs 0 --bogus --help", "--model -h"]) {
    const { code, out, err } = await run(line, () => assert(false, "the body must not run"));
    assertEquals([code, err], [0, ""]);
    assertMatch(out, /^Trains a model\.\n\nUsage: deno task train \[flags\]\n\nFlags:\n/);
    assertMatch(out, / --model NAME +the model \(lenet5, chapter-mnist; default: lenet5\)\n/);
    assertMatch(out, / --epochs N +passes over the training images \(at least 1; default: 2\)\n/);
    assertMatch(out, / --learning-rate X +step length \(above 0; default: by optimizer\)\n/);
    assertMatch(out, / --json +print a JSON line at the end\n/);
    assertMatch(out, / --no-shuffle +keep the images in order\n/);
    assertMatch(out, / -h, --help +print this text\n/);
    assert(out.endsWith("\n\nExamples:\n  deno task train --limit 6000  a quick look\n"));
    assert(out.split("\n").every((each) => each.length <= 88));
  }
});

Deno.test("an error of the body is one line with exit code 1", async () => {
  const fail = async (error: unknown): Promise<string> => {
    const { code, out, err } = await run("", () => {
      throw error;
    });
    assertEquals([code, out], [1, ""]);
    return err;
  };
  assertEquals(
    await fail(new RangeError("Cannot add: shapes differ, got 2")),
    "error: Cannot add: shapes differ, got 2\n",
  );
  assertEquals(
    await fail(new Deno.errors.NotFound("No such file (os error 2): open 'x'")),
    "error: No such file (os error 2): open 'x'\n",
  );
  assertEquals(
    await fail(
      new Deno.errors.NotCapable(
        'Requires write access to "/etc", run again with the --allow-write flag',
      ),
    ),
    'error: Requires write access to "/etc": this task runs without --allow-write\n',
  );
  assertEquals(
    await fail(new Error("two\n\n  lines", { cause: new Error("why") })),
    "error: two lines: why (NEOCOG_DEBUG=1 shows where)\n",
  );
  assertEquals(await fail(new TypeError("")), "error: TypeError (NEOCOG_DEBUG=1 shows where)\n");
  assertEquals(await fail("text"), "error: text (NEOCOG_DEBUG=1 shows where)\n");
});

Deno.test("a stack is shown only when debugging", async () => {
  const fail = (): never => {
    throw new SyntaxError("Cannot read it");
  };
  assertEquals((await run("", fail)).err, "error: Cannot read it\n");
  const { err } = await run("", fail, { debugging: true });
  assertMatch(err, /^error: Cannot read it\nSyntaxError: Cannot read it\n {4}at fail /);
});

Deno.test("a body refuses a combination of flags with a UsageError", async () => {
  const { code, err } = await run("", () => {
    throw new UsageError("Cannot use --limit with --resume");
  });
  assertEquals(code, 2);
  assertEquals(err, "error: Cannot use --limit with --resume (see deno task train --help)\n");
});

Deno.test("colors appear only if they are asked for", async () => {
  const colors = { stdout: true, stderr: true };
  assertStringIncludes((await run("--help", undefined, { colors })).out, "\x1b[1mFlags:\x1b[0m");
  assert((await run("--bogus", undefined, { colors })).err.startsWith("\x1b[31merror:\x1b[0m "));
});

Deno.test("a task's exit code is 0, 1 or 2, also if a promise fails that nobody awaits", async () => {
  const module = new URL("../../tasks/command.ts", import.meta.url);
  const run = async (body: string, ...args: string[]): Promise<[number, string]> => {
    const script = `import { runCommand } from "${module}";
      setTimeout(() => {}, 60_000); // must not keep a failed task alive
      runCommand({ name: "t", summary: "", flags: {} }, Deno.args, async () => { ${body} });`;
    const env = { NO_COLOR: "1" };
    const { code, stderr } = await new Deno.Command("deno", {
      args: ["eval", "--config", new URL("../../deno.json", import.meta.url).pathname, script]
        .concat("--", args),
      env,
    }).output();
    return [code, new TextDecoder().decode(stderr)];
  };
  assertEquals(await run("Deno.exit()"), [0, ""]);
  assertEquals(await run("", "--bad"), [2, "error: unknown flag --bad (see deno task t --help)\n"]);
  assertEquals(await run("throw new Error('Cannot')"), [
    1,
    "error: Cannot (NEOCOG_DEBUG=1 shows where)\n",
  ]);
  assertEquals(
    await run("Promise.reject(new Error('Cannot go on')); await new Promise(() => {});"),
    [1, "error: Cannot go on\n"],
  );
});
