// What fails in a model says where; names and joins that cannot be are refused.
import { assertEquals, assertThrows } from "@std/assert";
import {
  conv,
  dense,
  dropout,
  flatten,
  init,
  key,
  type Layer,
  maxPool,
  type NamedLayers,
  parallel,
  relu,
  residual,
  sequential,
  tf,
} from "../../mod.ts";
import { onCpu } from "../backends.ts";

onCpu("what fails in a layer says which, by its path", () => {
  const deep = (layer: Layer): Layer =>
    sequential({ block: parallel({ left: sequential({ inner: layer }) }) }) as Layer;
  assertThrows(
    () => init(deep(dense({ features: 2 }) as Layer), key(0), [4, 4, 1]),
    TypeError,
    'In "block/left/inner": Cannot apply a dense layer',
  );
  const model = deep(dropout(0.5) as Layer);
  const { params, state } = init(model, key(0), [4]);
  const error = assertThrows(
    () => model.apply(params, state, tf.ones([1, 4]), { training: true }),
    TypeError,
  );
  assertEquals(
    error.message,
    'In "block/left/inner": Cannot apply a dropout layer in training: its context must have a key, got undefined',
  );
});

onCpu("inputs of another size than declared are refused by the layer they do not fit", () => {
  const model = sequential({ flatten: flatten(), logits: dense({ features: 2 }) });
  const { params, state } = init(model, key(0), [4, 4, 1]);
  assertThrows(() => model.apply(params, state, tf.ones([1, 5, 5, 1]), {}), Error, 'In "logits": ');
});

Deno.test("errors that say where are not told again in outer layers", () => {
  const bad: Layer = {
    op: "bad",
    declare: (shape) => {
      if (shape[0] === 1) throw new RangeError("Cannot do this");
      return { shape, params: {}, state: {} };
    },
    apply: () => {
      throw new RangeError("Cannot do that");
    },
  };
  const model = sequential({ a: sequential({ b: bad }) });
  const declared = assertThrows(() => model.declare([1]), RangeError);
  assertEquals(declared.message, 'In "a/b": Cannot do this');
  const none = { a: { b: {} } };
  const applied = assertThrows(() => model.apply(none, none, tf.scalar(0), {}), RangeError);
  assertEquals(applied.message, 'In "a/b": Cannot do that');
});

Deno.test("names that are no part of a path are refused", () => {
  for (const name of ["", "a/b", "/", "0", "17"]) {
    const layers: NamedLayers = { [name]: relu() };
    const said = `names must have a letter and no slash, got "${name}"`;
    assertThrows(() => sequential(layers), TypeError, said);
    assertThrows(() => parallel(layers), TypeError, said);
  }
});

Deno.test("parallel layers must be there, and their outputs must go together", () => {
  assertThrows(() => parallel({}), TypeError, "at least one");
  const pair = (size: number, join: "sum" | "concat" = "sum"): unknown =>
    parallel({ a: relu(), b: conv({ features: 3, size }) }, join).declare([5, 5, 2]);
  assertThrows(
    () => pair(1),
    TypeError,
    "all sizes of their outputs must be equal, got [5,5,2], [5,5,3]",
  );
  assertThrows(
    () => parallel({ a: relu(), b: maxPool() }).declare([4, 4, 2]),
    TypeError,
    "all but the last size of their outputs must be equal, got [4,4,2], [2,2,2]",
  );
  assertThrows(
    () => sequential({ skip: residual(conv({ features: 3, size: 3 })) }).declare([5, 5, 3]),
    TypeError,
    'In "skip": Cannot join parallel layers',
  );
});
