// What moves numbers about without changing them: exact, if it is right.
import { sizeOf, tf } from "../../../mod.ts";
import type { Numbers } from "../reference.ts";
import type { Draw, Subject, Trial } from "../subject.ts";
import { flatOf, placeOf } from "./reductions.ts";

/** The numbers of a result of some shape, each from the place it says; absent ones are `filler`. */
function moved(
  x: Numbers,
  shape: readonly number[],
  result: readonly number[],
  from: (place: readonly number[]) => readonly number[],
  filler = 0,
): Float64Array {
  return Float64Array.from({ length: sizeOf(result) }, (_, flat) => {
    const place = from(placeOf(flat, result));
    const isInside = place.every((index, axis) => index >= 0 && index < shape[axis]!);
    return isInside ? x[flatOf(place, shape)]! : filler;
  });
}

type Move = {
  readonly result: readonly number[];
  readonly from: (place: readonly number[]) => readonly number[];
  readonly run: (x: tf.Tensor) => tf.Tensor;
  readonly options?: string;
  readonly filler?: number;
};

function moveTrial(draw: Draw, shape: readonly number[], move: Move): Trial {
  return {
    inputs: [draw.normal(shape)],
    ...(move.options ? { options: move.options } : {}),
    run: (x) => move.run(x!),
    reference: (x) => moved(x!, shape, move.result, move.from, move.filler),
    gradients: "differences",
  };
}

function transposeTrial(draw: Draw): Trial {
  const shape = draw.shape([2, 4], 5);
  const order = shape.map((_, axis) => axis);
  for (let i = order.length - 1; i > 0; i--) {
    const j = draw.whole(0, i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return moveTrial(draw, shape, {
    result: order.map((axis) => shape[axis]!),
    from: (place) => shape.map((_, axis) => place[order.indexOf(axis)]!),
    run: (x) => tf.transpose(x, order),
    options: `to ${order}`,
  });
}

function padTrial(draw: Draw): Trial {
  const shape = draw.shape([1, 5], 3);
  const paddings = shape.map(() => [draw.whole(0, 2), draw.whole(0, 2)] as [number, number]);
  return moveTrial(draw, shape, {
    result: shape.map((size, axis) => paddings[axis]![0] + size + paddings[axis]![1]),
    from: (place) => place.map((index, axis) => index - paddings[axis]![0]),
    run: (x) => tf.pad(x, paddings, -2.5),
    options: `by ${JSON.stringify(paddings)}`,
    filler: -2.5,
  });
}

function sliceTrial(draw: Draw): Trial {
  const shape = draw.shape([1, 4], 6);
  const begin = shape.map((size) => draw.whole(0, size - 1));
  const size = shape.map((length, axis) => draw.whole(1, length - begin[axis]!));
  return moveTrial(draw, shape, {
    result: size,
    from: (place) => place.map((index, axis) => index + begin[axis]!),
    run: (x) => tf.slice(x, begin, size),
    options: `from ${begin}, size ${size}`,
  });
}

function tileTrial(draw: Draw): Trial {
  const shape = draw.shape([1, 4], 3);
  const times = shape.map(() => draw.whole(1, 3));
  return moveTrial(draw, shape, {
    result: shape.map((size, axis) => size * times[axis]!),
    from: (place) => place.map((index, axis) => index % shape[axis]!),
    run: (x) => tf.tile(x, times),
    options: `times ${times}`,
  });
}

function reverseTrial(draw: Draw): Trial {
  const shape = draw.shape([1, 4], 5);
  const axis = draw.whole(0, shape.length - 1);
  return moveTrial(draw, shape, {
    result: shape,
    from: (place) => place.with(axis, shape[axis]! - 1 - place[axis]!),
    run: (x) => tf.reverse(x, axis),
    options: `along ${axis}`,
  });
}

function reshapeTrial(draw: Draw): Trial {
  const shape = draw.shape([1, 4], 5);
  return {
    inputs: [draw.normal(shape)],
    run: (x) => tf.reshape(x!, [-1, shape[0]!]),
    reference: (x) => x!,
    gradients: (weights) => [weights],
  };
}

/** Tensors side by side along an axis. */
function concatTrial(draw: Draw): Trial {
  const shape = draw.shape([1, 4], 5);
  const axis = draw.whole(0, shape.length - 1);
  const shapes = Array.from({ length: draw.whole(2, 4) }, () => shape.with(axis, draw.whole(1, 5)));
  const length = shapes.reduce((sum, each) => sum + each[axis]!, 0);
  return {
    inputs: shapes.map((each) => draw.normal(each)),
    options: `along ${axis}`,
    run: (...all) => tf.concat(all, axis),
    reference: (...all) => {
      const result = shape.with(axis, length);
      const y = new Float64Array(sizeOf(result));
      let offset = 0;
      for (const [i, x] of all.entries()) {
        x.forEach((value, flat) => {
          const place = placeOf(flat, shapes[i]!);
          y[flatOf(place.with(axis, place[axis]! + offset), result)] = value;
        });
        offset += shapes[i]![axis]!;
      }
      return y;
    },
    gradients: "differences",
  };
}

function gatherTrial(draw: Draw): Trial {
  const shape = draw.shape([1, 4], 5);
  const axis = draw.whole(0, shape.length - 1);
  const chosen = draw.wholes([draw.whole(1, 6)], shape[axis]!);
  return {
    inputs: [draw.normal(shape), chosen],
    options: `along ${axis}`,
    run: (x, indices) => tf.gather(x!, indices as tf.Tensor1D, axis),
    reference: (x) =>
      moved(
        x!,
        shape,
        shape.with(axis, chosen.values.length),
        (place) => place.with(axis, chosen.values[place[axis]!]!),
      ),
    gradients: "differences",
  };
}

function oneHotTrial(draw: Draw): Trial {
  const classes = draw.whole(2, 12);
  return {
    inputs: [draw.wholes([draw.whole(1, 30)], classes)],
    options: `of ${classes}`,
    run: (x) => tf.cast(tf.oneHot(x as tf.Tensor1D, classes), "float32"),
    reference: (x) =>
      Float64Array.from(
        { length: x!.length * classes },
        (_, i) => Number(x![Math.floor(i / classes)] === i % classes),
      ),
    gradients: "none",
  };
}

function bincountTrial(draw: Draw): Trial {
  const bins = draw.whole(2, 9);
  return {
    inputs: [draw.wholes(draw.shape([1, 3], 8), 12)],
    options: `of ${bins}`,
    run: (x) => tf.cast(tf.bincount(x as tf.Tensor1D, tf.tensor1d([]), bins), "float32"),
    reference: (x) =>
      Float64Array.from({ length: bins }, (_, bin) => x!.filter((value) => value === bin).length),
    gradients: "none",
  };
}

const DRAWS: Readonly<Record<string, (draw: Draw) => Trial>> = {
  bincount: bincountTrial,
  concat: concatTrial,
  gather: gatherTrial,
  oneHot: oneHotTrial,
  pad: padTrial,
  reshape: reshapeTrial,
  reverse: reverseTrial,
  slice: sliceTrial,
  tile: tileTrial,
  transpose: transposeTrial,
};

/** Operations that move numbers. */
export const shapes: readonly Subject[] = Object.entries(DRAWS).map(([name, draw]) => ({
  name,
  draw,
}));
