// Tasks with subcommands: which one is run, with what, and what is refused.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { count, executeGroup, type Group, type Output, toggle } from "../../tasks/command.ts";

type Printed = { readonly code: number; readonly out: string; readonly err: string };

/** Runs a group of two subcommands, which write down their values in `seen`. */
async function run(args: readonly string[], seen: unknown[] = []): Promise<Printed> {
  let [out, err] = ["", ""];
  const output: Output = {
    print: (text) => void (out += `${text}\n`),
    warn: (text) => void (err += `${text}\n`),
    colors: { stdout: false, stderr: false },
    debugging: false,
  };
  const group: Group = {
    name: "look",
    summary: "Looks.",
    subcommands: {
      near: {
        command: {
          name: "look near",
          summary: "Looks at what is near.",
          flags: { steps: count({ min: 1, default: 2, help: "how often" }) },
        },
        run: (values: { readonly steps: number }) => void seen.push(["near", values]),
      },
      far: {
        command: {
          name: "look far",
          summary: "Looks away.",
          flags: { json: toggle({ help: "" }) },
        },
        run(): never {
          throw new RangeError("Cannot look so far, got far");
        },
      },
    },
    examples: [["deno task look near", "what is there"]],
  };
  const code = await executeGroup(group, args, output);
  return { code, out, err };
}

Deno.test("the first argument chooses the subcommand, which has the flags that follow", async () => {
  const seen: unknown[] = [];
  assertEquals(await run(["near", "--steps", "5"], seen), { code: 0, out: "", err: "" });
  assertEquals((await run(["near"], seen)).code, 0);
  assertEquals(seen, [["near", { steps: 5 }], ["near", { steps: 2 }]]);
});

Deno.test("help of a group lists its subcommands; help of a subcommand is its own", async () => {
  for (const flag of ["--help", "-h"]) {
    const { code, out } = await run([flag]);
    assertEquals(code, 0);
    assertMatch(out, /^Looks\.\n\nUsage: deno task look SUBCOMMAND \[flags\]\n\nSubcommands:\n/);
    assertStringIncludes(out, "\n  near  Looks at what is near.\n  far   Looks away.\n");
    assertStringIncludes(out, "\nExamples:\n  deno task look near  what is there\n");
  }
  const { code, out } = await run(["near", "--help"]);
  assertEquals(code, 0);
  assertMatch(out, /Usage: deno task look near \[flags\]\n/);
});

Deno.test("no subcommand, an unknown one and flags of another are refused with exit code 2", async () => {
  const seen: unknown[] = [];
  const refused = async (args: string[], expected: string): Promise<void> => {
    assertEquals(await run(args, seen), { code: 2, out: "", err: `error: ${expected}\n` });
  };
  await refused(
    [],
    "Cannot run: the first argument must be one of near, far, got nothing (see deno task look --help)",
  );
  await refused(
    ["--steps", "5", "near"],
    "Cannot run: the first argument must be one of near, far, got --steps (see deno task look --help)",
  );
  await refused(
    ["neer"],
    'unknown subcommand "neer": did you mean "near"? known: near, far (see deno task look --help)',
  );
  await refused(
    ["constructor"],
    'unknown subcommand "constructor": known: near, far (see deno task look --help)',
  );
  await refused(["far", "--steps", "5"], "unknown flag --steps (see deno task look far --help)");
  await refused(
    ["near", "--steps", "0"],
    "Cannot use --steps: it must be a whole number of at least 1, got 0 (see deno task look near --help)",
  );
  assertEquals(seen, []);
});

Deno.test("what a subcommand throws is one line and exit code 1", async () => {
  const { code, err } = await run(["far"]);
  assertEquals([code, err], [1, "error: Cannot look so far, got far\n"]);
});
