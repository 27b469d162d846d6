// The CSV of a training run.
import { assertEquals } from "@std/assert";
import { type EpochRecord, historyCsv } from "../../lib/train/report/history.ts";

const HEADING = "epoch,loss,accuracy,val_loss,val_accuracy,seconds,learning_rate\r\n";

Deno.test("historyCsv of no epoch is a heading", () => {
  assertEquals(historyCsv([]), HEADING);
});

Deno.test("historyCsv keeps every digit of every number", () => {
  const row: EpochRecord = {
    epoch: 12,
    loss: 0.1 + 0.2,
    accuracy: 2 / 3,
    valLoss: 5e-324,
    valAccuracy: 1,
    seconds: 1e21,
    learningRate: 1e-7,
  };
  const text = historyCsv([row]);
  assertEquals(
    text,
    `${HEADING}12,0.30000000000000004,0.6666666666666666,5e-324,1,1e+21,1e-7\r\n`,
  );
  assertEquals(text.split("\r\n")[1]!.split(",").map(Number), Object.values(row));
});

Deno.test("historyCsv leaves an absent field empty and writes NaN as such", () => {
  const rows = [
    { epoch: 1, loss: NaN, accuracy: 0, seconds: 0, learningRate: 0 },
    { epoch: 2, loss: 1, accuracy: 0, valLoss: 0, seconds: 0, learningRate: 0 },
  ];
  assertEquals(historyCsv(rows), `${HEADING}1,NaN,0,,,0,0\r\n2,1,0,0,,0,0\r\n`);
});
