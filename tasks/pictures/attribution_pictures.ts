// An attribution as pictures: as a heat map, over the picture, and beside it.
import { boundOf } from "../../lib/explain/attribution/attribution_picture.ts";
import { type Attribution, attributionPicture } from "../../lib/explain/mod.ts";
import { type Image, sideBySide } from "../../lib/image/mod.ts";
import type { Explanation } from "./explanation.ts";
import { enlarged, type PictureSettings, type Scores } from "./picture_folder.ts";
import { say } from "../command/say.ts";

/** How an attribution is shown. */
export type AttributionDisplay = {
  /** The files' name, `grad-cam`. */
  readonly name: string;
  /** The label of the map in the row. */
  readonly label: string;
  /** What the picture shows, without the target: "Grad-CAM of relu10". */
  readonly caption: string;
  /** What it was made with. */
  readonly settings: PictureSettings;
  /** Whether negative values have colors of their own. Default: `false`. */
  readonly signed?: boolean;
  /** Values of the picture's channels to show as colors too, with 0 as gray. */
  readonly colored?: Pick<Attribution, "shape" | "values">;
  /** The share of values that are not clipped to the last color. Default: 1. */
  readonly share?: number;
};

/**
 * Writes an attribution's pictures, and the page.
 *
 * @param json whether the last line is JSON
 * @param scores further numbers for it
 */
export async function showAttribution(
  { picture, folder, name: target }: Explanation,
  attribution: Attribution,
  showing: AttributionDisplay,
  json: boolean,
  scores: Scores = {},
): Promise<void> {
  const [score] = attribution.scores;
  if (attribution.values.every((value) => value === 0)) {
    say(`note: ${showing.caption} of ${target} is 0 everywhere: no gradient reaches the picture`);
  }
  const { signed, share } = showing;
  const heat = attributionPicture(attribution, { signed, share });
  const laid = attributionPicture(attribution, { signed, share, over: picture.shown });
  const caption = `${showing.caption} for ${target}, whose score is ${
    Number(score!.toPrecision(4))
  }`;
  const settings = { target, method: attribution.method, score: score!, ...showing.settings };
  const save = (name: string, image: Image, what = ""): Promise<string> =>
    folder.save(name, enlarged(image), `${caption}${what}`, settings);
  const colored = showing.colored ? colors(showing.colored, showing.share) : undefined;
  await save(showing.name, heat);
  await save(`${showing.name}-overlay`, laid, ", over the picture");
  if (colored) {
    await save(`${showing.name}-colors`, colored, ", in the picture's channels, 0 gray");
  }
  const row = [picture.shown, ...(colored ? [colored] : []), heat, laid].map((image) =>
    enlarged(image)
  );
  const labels = [
    "input",
    ...(colored ? [colored.channels === 1 ? "signed" : "in colors"] : []),
    showing.label,
    target,
  ];
  await folder.save(
    `${showing.name}-row`,
    sideBySide(row, { labels }),
    `${caption}, beside the picture`,
    settings,
  );
  await folder.finish({ json, scores: { target, score: score!, ...scores } });
}

/** The values of the channels as colors: 0 is gray. */
function colors(
  { shape: [, height, width, channels], values }: NonNullable<AttributionDisplay["colored"]>,
  share = 1,
): Image {
  const most = boundOf(values, share) || 1;
  const pixels = values.map((value) => Math.min(1, Math.max(0, 0.5 + 0.5 * value / most)));
  return { width, height, channels: channels === 1 ? 1 : 3, pixels };
}
