// A layer's output for a picture, and what the network says without some of its maps.
import { ablate, activations, receptiveBoxes } from "../../../lib/explain/mod.ts";
import { requireLayer } from "../../../lib/layers/layers_of.ts";
import { layersOf, tf } from "../../../mod.ts";
import { commandLine } from "../commands.ts";
import type { Params } from "../params.ts";
import type { Subject } from "../subject.ts";
import type { View } from "../view.ts";
import { classCount, readClasses } from "./classes.ts";
import { sentMaps, sentNumbers } from "./pixels.ts";

/** The layer that a request names; the first one if it names none. */
export function layerIn(params: Params, { opened }: Subject): string {
  const { model, inputShape } = opened;
  const path = params.text("layer") ??
    [...layersOf(model, inputShape).keys()].find((one) => one !== "") ?? "";
  requireLayer(model, inputShape, path);
  return path;
}

/** Where the receptive fields of rows and columns begin, and how long they are; `null` if unknown. */
function fieldsOf(
  { opened: { model, inputShape } }: Subject,
  layer: string,
  rows: number,
  columns: number,
) {
  try {
    const boxOf = receptiveBoxes(model, inputShape, layer);
    return {
      rows: Array.from({ length: rows }, (_, row) => {
        const { top, height } = boxOf(row, 0);
        return [top, height];
      }),
      columns: Array.from({ length: columns }, (_, column) => {
        const { left, width } = boxOf(0, column);
        return [left, width];
      }),
    };
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** A layer's maps, or the numbers of a dense layer. */
export const maps: View = {
  lane: "quick",
  async run(subject, params) {
    const layer = layerIn(params, subject);
    const name = params.text("image");
    const x = subject.picture(name).inputs();
    const output = activations(subject.network, x, [layer]).get(layer)!;
    const { shape } = output;
    const values = await output.data() as Float32Array;
    tf.dispose([x, output]);
    const command = commandLine(subject, "explain activations", name, ["--layer", layer]);
    if (shape.length !== 4) {
      return {
        said: { layer, shape: shape.slice(1), fields: null, command },
        arrays: { values: sentNumbers(values, [values.length]) },
      };
    }
    const [, height, width, count] = shape as [number, number, number, number];
    return {
      said: {
        layer,
        shape: [height, width, count],
        fields: fieldsOf(subject, layer, height, width),
        command,
      },
      arrays: sentMaps(values, [height, width, count]),
    };
  },
};

/** The probabilities without some of a layer's maps. */
export const ablation: View = {
  lane: "quick",
  async run(subject, params) {
    const layer = layerIn(params, subject);
    const { model, inputShape } = subject.opened;
    const off = params.wholes("off", 0, requireLayer(model, inputShape, layer).shape.at(-1)! - 1);
    if (classCount(subject) === 0) {
      throw new Error("Cannot compare: the network must output the scores of classes");
    }
    const x = subject.picture(params.text("image")).inputs();
    const { best, probabilities } = await readClasses(
      tf.tidy(() => tf.softmax(ablate(subject.network, x, layer, off))),
    );
    x.dispose();
    return {
      said: { layer, off, best },
      arrays: { probabilities: sentNumbers(probabilities, [probabilities.length]) },
    };
  },
};
