// describeValue: what was given, in the words of an error.
import { assertEquals } from "@std/assert";
import { tf } from "../../mod.ts";
import { describeValue } from "../../lib/text/value.ts";
import { onCpu } from "../backends.ts";

onCpu("a value is named by its kind, with the mend of a usual slip", () => {
  for (
    const [value, words] of [
      ["224", '"224"'],
      [224, "224"],
      [undefined, "undefined"],
      [null, "null"],
      [() => 1, "a function, which must be called"],
      [Promise.resolve(1), "a promise, which must be awaited"],
      [[1], "a list"],
      [new Float32Array(2), "a Float32Array"],
      [tf.zeros([2, 3]), "a tensor [2,3]"],
      [{}, "{}"],
      [{ x: 1, y: 2 }, "{ x, y }"],
    ] as const
  ) assertEquals(describeValue(value), words);
});
