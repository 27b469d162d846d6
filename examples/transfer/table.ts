// The table of 11_transfer_digits.ts as CSV, and as a picture: means, and behind them single seeds.
import * as nc from "../../mod.ts";

/** Accuracies of one draw of images. */
export type Row = {
  readonly images: number;
  readonly seed: number;
  readonly transfer: number;
  readonly scratch: number;
};

/**
 * Writes `transfer_digits.csv` and `transfer_digits.svg`.
 *
 * @param folder where to, a folder that is there
 * @param rows the accuracies
 */
export async function writeTable(folder: string, rows: readonly Row[]): Promise<void> {
  const csv = rows.map((row) => `${row.images},${row.seed},${row.transfer},${row.scratch}\r\n`);
  const heading = "images_a_class,seed,transfer_accuracy,from_scratch_accuracy\r\n";
  await nc.files.writeFileAtomically(`${folder}/transfer_digits.csv`, heading + csv.join(""));
  const line = (name: string, of: (row: Row) => number): nc.chart.Line => {
    const through = (some: readonly Row[]): [number, number][] =>
      [...Map.groupBy(some, ({ images }) => images)].map((
        [images, same],
      ) => [Math.log10(images), same.reduce((sum, row) => sum + of(row), 0) / same.length]);
    const seeds = [...Map.groupBy(rows, ({ seed }) => seed).values()];
    return { name, points: through(rows), thin: seeds.map(through) };
  };
  const svg = await nc.chart.lineChartSvg({
    title: "Digits 5 to 9, by a network that knows 0 to 4",
    panels: [{
      x: "log10 of images a class: 1, 5, 20, 100",
      y: "accuracy on test images",
      percent: true,
      lines: [
        line("transfer", ({ transfer }) => transfer),
        line("from scratch", ({ scratch }) => scratch),
      ],
    }],
  });
  await nc.files.writeFileAtomically(`${folder}/transfer_digits.svg`, svg);
}
