// The contract of layers: paths, keys, intercepts, states.
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  type Context,
  conv,
  enter,
  entries,
  flatten,
  fold,
  init,
  type Intercept,
  key,
  type Layer,
  maxPool,
  ones,
  parallel,
  relu,
  residual,
  sequential,
  type Tensor,
  tf,
  type Tree,
} from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";

/** A layer that adds 1, and writes down the context of each call. */
function spy(seen: Context[]): Layer<Record<string, never>, Record<string, never>> {
  return {
    op: "spy",
    declare: (shape) => ({ shape, params: {}, state: {} }),
    apply(_params, state, x, context) {
      seen.push(context);
      return [tf.add(x, 1), state];
    },
  };
}

/** A layer whose state counts its calls. */
function counter(): Layer<Record<string, never>, { readonly calls: Tensor }> {
  const zero = (): Float32Array => new Float32Array(1);
  return {
    op: "counter",
    declare: (shape) => ({
      shape,
      params: {},
      state: { calls: { shape: [], initializer: zero } },
    }),
    apply: (_params, state, x) => [x, { calls: tf.add(state.calls, 1) }],
  };
}

async function values(tree: Tree): Promise<Record<string, number[]>> {
  const pairs = await Promise.all(
    entries(tree).map(async ([path, leaf]) => [path, Array.from(await leaf.data())]),
  );
  return Object.fromEntries(pairs);
}

onCpu("each named layer is given its path, and its parent's key folded with its name", () => {
  const seen: Context[] = [];
  const model = sequential({
    block: parallel({ left: spy(seen), right: sequential({ deep: spy(seen) }) }),
    last: residual(spy(seen)),
  });
  const root = key(5);
  const { params, state } = init(model, key(0), [2]);
  model.apply(params, state, tf.ones([1, 2]), { training: true, key: root });
  const paths = ["block/left", "block/right/deep", "last/body"];
  assertEquals(seen.map(({ path }) => path), paths);
  assertEquals(
    seen.map((context) => context.key),
    paths.map((path) => path.split("/").reduce((parent, name) => fold(parent, name), root)),
  );
  assert(seen.every(({ training }) => training));
});

onCpu("without a key there is none within", () => {
  const seen: Context[] = [];
  const model = sequential({ a: spy(seen) });
  model.apply({ a: {} }, { a: {} }, tf.ones([1]), {});
  assertEquals(seen, [{ path: "a" }]);
});

onCpu("a model inside another continues the path it is called at", () => {
  const seen: Context[] = [];
  const inner = sequential({ a: spy(seen) });
  enter("outer", inner, { outer: { a: {} } }, { outer: { a: {} } }, tf.ones([1]), { path: "top" });
  assertEquals(seen[0]!.path, "top/outer/a");
});

onEachBackend(
  "an intercept sees each named layer's path, operation, input and output",
  async () => {
    const model = sequential({
      conv1: conv({ features: 2, size: 2, initializer: ones }),
      mixed: parallel({ a: relu(), b: maxPool({ size: 1 }) }),
      skip: residual(relu()),
      flatten: flatten(),
    });
    const { params, state } = init(model, key(0), [2, 2, 1]);
    const sites: string[] = [];
    const taps = new Map<string, Tensor>();
    const intercept: Intercept = ({ path, op }, x, next) => {
      sites.push(`${path}:${op}`);
      const y = next(x);
      taps.set(path, y);
      return y;
    };
    const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    const [y] = model.apply(params, state, x, { intercept });
    assertEquals(sites, [
      "conv1:conv",
      "mixed:concat",
      "mixed/a:relu",
      "mixed/b:maxPool",
      "skip:residual",
      "skip/body:relu",
      "skip/shortcut:identity",
      "flatten:flatten",
    ]);
    assertEquals(Array.from(await taps.get("conv1")!.data()), [10, 10]);
    assertEquals(taps.get("mixed")!.shape, [1, 1, 1, 4]);
    assertEquals(Array.from(await taps.get("skip/body")!.data()), [10, 10, 10, 10]);
    assertEquals(Array.from(await y.data()), [20, 20, 20, 20]);
  },
);

onCpu("an intercept may change input and output, or not call the layer at all", async () => {
  const seen: Context[] = [];
  const model = sequential({ a: spy(seen), b: spy(seen), c: spy(seen) });
  const none = { a: {}, b: {}, c: {} };
  const at = async (intercept: Intercept): Promise<number> => {
    const [y] = model.apply(none, none, tf.scalar(0), { intercept });
    return (await y.data())[0]!;
  };
  assertEquals(await at((_, x, next) => next(x)), 3);
  const scaled: Intercept = ({ path }, x, next) =>
    path === "b" ? tf.mul(next(tf.add(x, 10)), 2) : next(x);
  assertEquals(await at(scaled), 25);
  seen.length = 0;
  assertEquals(await at(({ path }, x, next) => path === "b" ? x : next(x)), 2);
  assertEquals(seen.map(({ path }) => path), ["a", "c"]);
});

onCpu("a layer that an intercept passes over keeps its state, whatever its name", async () => {
  const model = sequential({ a: counter(), b: counter() });
  const { params, state } = init(model, key(0), [1]);
  const intercept: Intercept = ({ path }, x, next) => path === "a" ? x : next(x);
  const [, next] = model.apply(params, state, tf.ones([1, 1]), { intercept });
  assertStrictEquals(next.a.calls, state.a.calls);
  assertEquals(await next.b.calls.array(), 1);
});

onCpu("states go in and come out, those of blocks too; the one given stays as it is", async () => {
  const model = sequential({
    first: counter(),
    block: parallel({ left: counter(), right: relu() }),
    skip: residual(counter()),
  });
  const { params, state } = init(model, key(0), [3]);
  const x = tf.ones([1, 3]);
  const [, once] = model.apply(params, state, x, {});
  const [, twice] = model.apply(params, once, x, {});
  const paths = ["first/calls", "block/left/calls", "skip/body/calls"];
  const all = (count: number): Record<string, number[]> =>
    Object.fromEntries(paths.map((path) => [path, [count]]));
  assertEquals(await values(state), all(0));
  assertEquals(await values(once), all(1));
  assertEquals(await values(twice), all(2));
});
