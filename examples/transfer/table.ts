// Writes the results of 11_transfer_digits.ts as CSV and SVG.
import * as nc from "../../mod.ts";

/** Accuracies with one draw of images. */
export type Row = {
  readonly images: number;
  readonly seed: number;
  readonly transfer: number;
  readonly scratch: number;
};

/**
 * Writes `transfer_digits.csv` and `transfer_digits.svg`. The picture has the means over the seeds,
 * with a thin line per seed behind them.
 *
 * @param folder an existing folder
 * @param rows the accuracies
 */
export async function writeTable(folder: string, rows: readonly Row[]): Promise<void> {
  const csv = rows.map((row) => `${row.images},${row.seed},${row.transfer},${row.scratch}\r\n`);
  const heading = "images_per_class,seed,transfer_accuracy,from_scratch_accuracy\r\n";
  await nc.files.writeFileAtomically(`${folder}/transfer_digits.csv`, heading + csv.join(""));

  const svg = await nc.chart.lineChartSvg({
    title: "Digits 5 to 9, by a network that knows 0 to 4",
    panels: [{
      x: "log10 of images per class: 1, 5, 20, 100",
      y: "accuracy on test images",
      percent: true,
      lines: [
        lineOf("transfer", rows, ({ transfer }) => transfer),
        lineOf("from scratch", rows, ({ scratch }) => scratch),
      ],
    }],
  });
  await nc.files.writeFileAtomically(`${folder}/transfer_digits.svg`, svg);
}

/** The line of the means, and one line per seed. */
function lineOf(
  name: string,
  rows: readonly Row[],
  accuracy: (row: Row) => number,
): nc.chart.Line {
  const meansOf = (some: readonly Row[]): [x: number, y: number][] =>
    [...Map.groupBy(some, ({ images }) => images)].map(([images, same]) => [
      Math.log10(images),
      same.reduce((sum, row) => sum + accuracy(row), 0) / same.length,
    ]);
  const seeds = [...Map.groupBy(rows, ({ seed }) => seed).values()];
  return { name, points: meansOf(rows), thin: seeds.map(meansOf) };
}
