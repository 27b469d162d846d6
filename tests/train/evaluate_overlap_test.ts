// evaluate gives the device the next batch before it waits for the numbers of the last.
import { assertEquals, assertRejects } from "@std/assert";
import {
  evaluate,
  type Examples,
  flatten,
  init,
  key,
  type Layer,
  sequential,
  tf,
} from "../../mod.ts";
import { onEachBackend } from "../backends.ts";

const EXAMPLES: Examples = {
  name: "five",
  imageShape: [1, 1, 3],
  classNames: ["a", "b", "c"],
  images: new Uint8Array([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 0, 0, 0, 255, 0]),
  labels: new Uint8Array([0, 1, 2, 0, 1]),
};

/** A network that returns its inputs, and tells when it is called. */
function telling(tell: () => void): Layer {
  const plain = sequential({ flatten: flatten() }) as Layer;
  return {
    ...plain,
    apply(params, state, x, context) {
      tell();
      return plain.apply(params, state, x, context);
    },
  };
}

onEachBackend(
  "a batch is computed while the one before is read, and each is counted once",
  async () => {
    const events: string[] = [];
    const network = init(telling(() => void events.push("batch")), key(0), [1, 1, 3]);
    events.length = 0;
    const before = tf.memory().numTensors;
    const { accuracy, count } = await evaluate(network, EXAMPLES, {
      batchSize: 2,
      jit: false,
      onProgress: (done) => void events.push(`${done} done`),
    });
    assertEquals([accuracy, count], [1, 5]);
    assertEquals(events, ["batch", "batch", "2 done", "batch", "4 done", "5 done"]);
    assertEquals(tf.memory().numTensors, before);
  },
);

onEachBackend("a batch that fails leaves no tensor behind", async () => {
  let calls = 0;
  const network = init(
    telling(() => {
      if (++calls === 2) throw new RangeError("the second batch");
    }),
    key(0),
    [1, 1, 3],
  );
  calls = 0;
  const before = tf.memory().numTensors;
  const options = { batchSize: 2, jit: false };
  await assertRejects(() => evaluate(network, EXAMPLES, options), RangeError, "second");
  assertEquals(tf.memory().numTensors, before);
});
