// A picture as the network takes it, and its classes.
import { predict } from "../../../mod.ts";
import { predictLine } from "../commands.ts";
import type { View } from "../view.ts";
import { classCount, readClasses } from "./classes.ts";
import { sentNumbers, sentPicture } from "./pixels.ts";

/** The picture that is chosen. */
export const see: View = {
  lane: "quick",
  async run(subject, params) {
    const name = params.text("image");
    const picture = subject.picture(name);
    const { shown, source, settings } = picture;
    const head = { source, label: settings.label ?? null, inverted: settings.inverted === true };
    const pixels = { picture: sentPicture(shown) };
    if (classCount(subject) === 0) return { said: { ...head, best: null }, arrays: pixels };
    const x = picture.inputs();
    const { best, probabilities } = await readClasses(predict(subject.network, x));
    x.dispose();
    const { length } = probabilities;
    return {
      said: { ...head, best, command: predictLine(subject, name!) },
      arrays: { ...pixels, probabilities: sentNumbers(probabilities, [length]) },
    };
  },
};
