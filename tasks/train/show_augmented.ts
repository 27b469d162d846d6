// What a run's augmentation makes of some images, as a picture in its directory.
import { type Augmentation, contactSheet } from "../../lib/augment/mod.ts";
import { encodePng } from "../../lib/image/mod.ts";
import { fold, key } from "../../mod.ts";
import type { OutputDir } from "./output_dir.ts";
import type { RunData } from "./run_data.ts";

/** The picture's name. */
export const AUGMENTED = "augmented.png";

/**
 * Draws some training images, and what becomes of them.
 *
 * @param output the run's directory
 * @param data the run's images
 * @param augment what is done to them
 * @returns a line that says where the picture is
 */
export async function showAugmented(
  output: OutputDir,
  { settings, train }: RunData,
  augment: Augmentation,
): Promise<string> {
  const sheet = await contactSheet(train, augment, { key: fold(key(settings.seed), AUGMENTED) });
  await output.add(AUGMENTED, encodePng(sheet));
  return `augmented images (${augment.name}): ${output.dir}/${AUGMENTED}`;
}
