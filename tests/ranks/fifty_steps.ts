// `deno task test:ranks`: 50 steps of LeNet-5 by two and three ranks are those of one.
import { assert, assertEquals, assertLess } from "@std/assert";
import { onEachMpi } from "../world/launchers.ts";

const SCRIPT = new URL("fifty_steps_script.ts", import.meta.url).pathname;

type Said = { readonly losses: readonly number[]; readonly hashes: readonly string[] };

let alone: Promise<Said> | undefined;

/** One rank's, without a launcher. */
async function runAlone(): Promise<Said> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", SCRIPT],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

for (const ranks of [2, 3]) {
  onEachMpi(`${ranks} ranks have the losses of 50 steps of one`, async (launch) => {
    const expected = await (alone ??= runAlone());
    const { code, said, stderr } = await launch(ranks, "run", "-A", SCRIPT);
    assertEquals([code, said.length], [0, ranks], stderr);
    for (const each of said as readonly Said[]) {
      assertEquals(each.hashes.length, 5);
      assertEquals(each.hashes, said[0].hashes); // Equal bits after every epoch.
      assertEquals(each.losses.length, 50);
      each.losses.forEach((loss, i) =>
        assertLess(Math.abs(loss - expected.losses[i]!), 1e-5, `step ${i + 1}: ${loss}`)
      );
    }
    const worst = Math.max(
      ...said.flatMap(({ losses }) =>
        losses.map((loss: number, i: number) => Math.abs(loss - expected.losses[i]!))
      ),
    );
    console.log(`the largest difference of a loss: ${worst.toExponential(1)}`);
    assertLess(expected.losses.at(-1)!, expected.losses[0]! / 2); // It has learned.
  });
}
