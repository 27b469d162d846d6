// Parameters are typed by the names of their layers: these lines are checked by compiling them.
import { assertEquals, assertThrows } from "@std/assert";
import {
  batchNorm,
  chapterMnist,
  conv,
  dense,
  flatten,
  init,
  key,
  lenet5,
  parallel,
  relu,
  residual,
  sequential,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
} from "../../mod.ts";
import { onCpu } from "../backends.ts";

/** `true` where two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Compiles only for the type `true`. */
function holds<_ extends true>(): void {}

onCpu("parameters and states have the names and tensor types of their layers", () => {
  const model = sequential({
    conv1: conv({ features: 2, size: 3 }),
    norm: batchNorm(),
    block: residual(sequential({ act: relu(), inner: conv({ features: 2, size: 1 }) })),
    mixed: parallel({ a: relu(), b: conv({ features: 3, size: 1 }) }),
    flatten: flatten(),
    logits: dense({ features: 10 }),
  });
  const { params, state } = init(model, key(0), [5, 5, 1]);
  holds<Same<typeof params.conv1.kernel, Tensor4D>>();
  holds<Same<typeof params.logits.kernel, Tensor2D>>();
  holds<Same<typeof params.block.body.inner.kernel, Tensor4D>>();
  holds<Same<typeof params.mixed.b.bias, Tensor>>();
  holds<Same<typeof state.norm.mean, Tensor>>();
  // @ts-expect-error: there is no layer of this name
  assertEquals(params.conv2, undefined);
  // @ts-expect-error: nor a parameter
  assertEquals(params.conv1.kernle, undefined);
  // @ts-expect-error: nor one this deep
  assertEquals(params.block.body.outer, undefined);
  // @ts-expect-error: nor a state
  assertEquals(state.norm.meen, undefined);
  // @ts-expect-error: a matrix is no filter
  const filter: Tensor4D = params.logits.kernel;
  assertEquals(filter.rank, 2);
});

onCpu("models have typed parameters too", () => {
  const lenet = init(lenet5(), key(0), [28, 28, 1]).params;
  const chapter = chapterMnist().declare([28, 28, 1]).params;
  holds<Same<typeof lenet.conv1.kernel, Tensor4D>>();
  assertEquals(chapter.dense1.kernel.shape, [9216, 128]);
  // @ts-expect-error: LeNet-5 has two convolutions
  assertEquals(lenet.conv3, undefined);
  // @ts-expect-error: the names are those of the layers
  assertEquals(chapter.fc1, undefined);
});

Deno.test("options are typed: a misspelt or unknown one does not compile, nor run", () => {
  const refused: [make: () => unknown, said: string][] = [
    // @ts-expect-error: a convolution needs a size
    [() => conv({ features: 1 }), "undefined"],
    // @ts-expect-error: padding is same, valid or a number
    [() => conv({ features: 1, size: 3, padding: "full" }), 'got "full"'],
    // @ts-expect-error: no such activation
    [() => lenet5({ activation: "gelu" }), 'got "gelu"'],
    // @ts-expect-error: no such join
    [() => parallel({ a: relu() }, "quotient"), 'got "quotient"'],
    // @ts-expect-error: no such option
    [() => dense({ features: 1, activation: "relu" }), 'unknown option "activation"'],
  ];
  for (const [make, said] of refused) assertThrows(make, Error, said);
});
