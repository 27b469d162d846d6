// A loop's reads: one behind, in order, and nothing left if one fails.
import { assertEquals, assertRejects } from "@std/assert";
import { oneBehind } from "../../lib/tensor/one_behind.ts";
import { type Scalar, tf } from "../../mod.ts";
import { onEachBackend } from "../backends.ts";

const squareOf = (x: number): Scalar => tf.tidy(() => tf.square(tf.scalar(x)));

onEachBackend(
  "a read is waited for after the next work was begun, the last at the end",
  async () => {
    const events: string[] = [];
    const before = tf.memory().numTensors;
    {
      await using reads = oneBehind();
      for (const i of [0, 1, 2]) {
        events.push(`work ${i}`);
        await reads.next(squareOf(i), async (square) => {
          const [value] = await square.data();
          square.dispose();
          events.push(`read ${value}`);
        });
      }
      await reads.end();
    }
    assertEquals(events, ["work 0", "work 1", "read 0", "work 2", "read 1", "read 4"]);
    assertEquals(tf.memory().numTensors, before);
  },
);

onEachBackend(
  "a read that fails ends the loop, and what was computed after it is freed",
  async () => {
    const before = tf.memory().numTensors;
    let count = 0;
    await assertRejects(
      async () => {
        await using reads = oneBehind();
        for (;; count++) {
          await reads.next(squareOf(count), async (square) => {
            await square.data().finally(() => square.dispose());
            if (count === 2) throw new RangeError("the second read");
          });
        }
      },
      RangeError,
      "the second read",
    );
    assertEquals(count, 2);
    assertEquals(tf.memory().numTensors, before);
  },
);

onEachBackend("a loop that fails waits for the read that is under way", async () => {
  const before = tf.memory().numTensors;
  await assertRejects(
    async () => {
      await using reads = oneBehind();
      await reads.next(squareOf(1), async (square) => {
        await square.data().finally(() => square.dispose());
        throw new RangeError("the read");
      });
      throw new TypeError("the loop");
    },
    TypeError,
    "the loop",
  );
  assertEquals(tf.memory().numTensors, before);
});
