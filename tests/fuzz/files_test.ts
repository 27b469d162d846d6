// A part of `deno task test:fuzz` in the gate: each parser and some hundred damaged files.
import { assert, assertEquals } from "@std/assert";
import { attack } from "./files/worker.ts";
import { type Format, format } from "./files/format.ts";
import { FORMATS } from "./files/formats.ts";
import { diceOf, mutate } from "./files/mutate.ts";

const DAMAGES = 120;

for (const each of FORMATS) {
  Deno.test({
    name: `${each.name}: damaged files are refused as documented, or read right`,
    // tfjs's CPU backend and the folder of files outlive a test.
    sanitizeResources: false,
    sanitizeOps: false,
    async fn() {
      const at = new SharedArrayBuffer(4);
      const task = { format: each.name, seed: 5, from: 0, to: DAMAGES, at };
      const { damages, faults, accepted, refused } = await attack(task);
      assertEquals(faults.map(({ damage, what }) => `${damage}: ${what}`), []);
      assertEquals([damages, accepted + refused], [DAMAGES, DAMAGES]);
    },
  });
}

/** A parser of two numbers, with a fault of each kind. */
const faulty: Format = format<number>({
  name: "faulty",
  seeds: [Uint8Array.of(1, 2)],
  parse(file) {
    if (file.length < 2) throw new TypeError("Cannot read properties of undefined");
    if (file[0]! > 200) new Float32Array(2 ** 20);
    return file[0]! + file[1]! + Number(file[1] === 3);
  },
  errors: ["SyntaxError"],
  check: (sum, file) => sum === file[0]! + file[1]! ? undefined : "its sum is another",
});

Deno.test("an error of another class, a wrong answer and too much memory are found", async () => {
  const { faults } = await attack(
    { format: "faulty", seed: 0, from: 0, to: 300, at: new SharedArrayBuffer(4) },
    faulty,
  );
  for (const found of ["TypeError: Cannot read", "its sum is another", "it takes 4194304 bytes"]) {
    assert(faults.some(({ what }) => what.startsWith(found)), found);
  }
});

Deno.test("the same seed damages a file in the same way, another in another", () => {
  const [seed] = [Uint8Array.from({ length: 99 }, (_, i) => i)];
  const damaged = (number: number): Uint8Array =>
    mutate(seed, diceOf(number, 1), [seed], false).bytes;
  assertEquals(damaged(3), damaged(3));
  assert(
    Array.from({ length: 9 }, (_, i) => `${damaged(i)}`).some((one) => one !== `${damaged(3)}`),
  );
});
