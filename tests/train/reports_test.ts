// What is said of classes and of the worst answers, against plain counting.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  adam,
  classWeights,
  dense,
  evaluate,
  fit,
  flatten,
  type ImageSource,
  init,
  key,
  type Layer,
  sequential,
  tf,
  weightedCrossEntropy,
} from "../../mod.ts";
import {
  classReport,
  confusionMatrix,
  topAccuracy,
  wrongest,
  wrongestOf,
  wrongestPicture,
} from "../../lib/train/report/mod.ts";
import { classReportCsv, confusionCsv } from "../../lib/train/report/class_report.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { toyExamples, toyModel } from "./toy.ts";

onCpu("the report on classes is what counting them one by one gives", () => {
  const actual = [0, 0, 0, 1, 1, 2, 2, 2, 2];
  const predicted = [0, 1, 0, 1, 1, 0, 2, 1, 2];
  const report = classReport(confusionMatrix(actual, predicted, 4), ["a", "b", "c", "d"]);
  for (const [label, { name, ...found }] of report.entries()) {
    const pairs = actual.map((is, i) => [is, predicted[i]!] as const);
    const right = pairs.filter(([is, said]) => is === label && said === label).length;
    const support = pairs.filter(([is]) => is === label).length;
    const said = pairs.filter(([, answer]) => answer === label).length;
    const precision = said === 0 ? 0 : right / said;
    const recall = support === 0 ? 0 : right / support;
    const f1 = precision + recall === 0 ? 0 : 2 * precision * recall / (precision + recall);
    assertEquals(name, "abcd"[label]);
    assertEquals([found.precision, found.recall, found.support], [precision, recall, support]);
    assert(Math.abs(found.f1 - f1) < 1e-15);
  }
  assertEquals(classReportCsv(report).split("\r\n")[3], "c,1,0.5,0.6666666666666666,4");
  assertThrows(() => classReport({ counts: [[1]] }, ["a", "b"]), TypeError, "2 names of 1 classes");
  assertThrows(() => confusionCsv({ counts: [[1]] }, []), TypeError, "0 names of 1 classes");
});

onCpu("names with commas and quotes are quoted in CSV", () => {
  assertEquals(
    confusionCsv({ counts: [[1, 2], [3, 4]] }, ["cat, big", 'the "dog"']),
    'actual,"cat, big","the ""dog"""\r\n"cat, big",1,2\r\n"the ""dog""",3,4\r\n',
  );
});

onCpu("classes are weighed by how rare they are, and none may be missing", () => {
  const labels = new Uint8Array([0, 0, 0, 0, 1, 1, 2, 2]);
  const weights = classWeights({ labels, classNames: ["a", "b", "c"] });
  assertEquals(weights, [8 / 12, 8 / 6, 8 / 6]);
  const mean = [...labels].reduce((sum, label) => sum + weights[label]!, 0) / labels.length;
  assert(Math.abs(mean - 1) < 1e-15);
  assertThrows(
    () => classWeights({ labels, classNames: ["a", "b", "c", "d", "e"] }),
    RangeError,
    "got none of d, e",
  );
});

onCpu("a rare class is found if classes are weighted", async () => {
  // One example of three is moved to the first class: of the second there are few left.
  const plain = toyExamples(90);
  const rare = Uint8Array.from(plain.labels, (label, i) => label === 1 && i > 12 ? 2 : label);
  const examples = { ...plain, labels: rare };
  const model = (): Layer =>
    sequential({ flatten: flatten(), logits: dense({ features: 3 }) }) as Layer;
  const recall = async (weighted: boolean): Promise<number> => {
    const loss = weighted ? { loss: weightedCrossEntropy(classWeights(examples)) } : {};
    let found = 0;
    const optimizer = adam({ learningRate: 0.01 });
    const options = { epochs: 6, key: key(2), validation: examples, optimizer, ...loss };
    for await (const { validation } of fit(model(), examples, options)) {
      found = classReport(validation!.confusion, examples.classNames)[1]!.recall;
    }
    return found;
  };
  const [without, weighed] = [await recall(false), await recall(true)];
  assert(weighed > without, `${weighed} > ${without}`);
});

/** The softmax of a row, in float64. */
function softmax(row: readonly number[]): number[] {
  const highest = Math.max(...row);
  const parts = row.map((score) => Math.exp(score - highest));
  const total = parts.reduce((sum, part) => sum + part, 0);
  return parts.map((part) => part / total);
}

onEachBackend("predictions, ranks and the worst mistakes are those of the scores", async () => {
  const examples = toyExamples(40);
  const network = init(toyModel(), key(1), [8, 8, 1]);
  const { params, state } = network;
  const images = tf.tensor(Float32Array.from(examples.images, (p) => p / 255), [40, 8, 8, 1]);
  const [logits] = toyModel().apply(params, state, images, {});
  const rows = (await (logits as tf.Tensor2D).array()).map(softmax);
  const evaluation = await evaluate(network, examples, { batchSize: 16 });
  const ranks = [0, 0, 0];
  rows.forEach((row, i) => {
    const label = examples.labels[i]!;
    const best = row.indexOf(Math.max(...row));
    ranks[row.filter((p) => p > row[label]!).length]!++;
    assertEquals(evaluation.predictions.predicted[i], best);
    assert(Math.abs(evaluation.predictions.probability[i]! - row[best]!) < 1e-5);
    assert(Math.abs(evaluation.predictions.actual[i]! - row[label]!) < 1e-5);
  });
  assertEquals(evaluation.ranks, ranks);
  assertEquals(topAccuracy(evaluation, 1), evaluation.accuracy);
  assertEquals(topAccuracy(evaluation, 2), (ranks[0]! + ranks[1]!) / 40);
  assertEquals(topAccuracy(evaluation, 9), 1);
  assertThrows(() => topAccuracy(evaluation, 0), RangeError, "got 0");

  const expected = rows.map((row, index) => ({ index, row, label: examples.labels[index]! }))
    .filter(({ row, label }) => row.indexOf(Math.max(...row)) !== label)
    .sort((a, b) => a.row[a.label]! - b.row[b.label]!);
  const wrong = await wrongest(network, examples, 6);
  assertEquals(wrong.map(({ index }) => index), expected.slice(0, 6).map(({ index }) => index));
  assertEquals(wrong[0]!.actual, examples.classNames[examples.labels[wrong[0]!.index]!]);
  assertEquals(wrongestOf(evaluation, examples, 1000).length, expected.length);

  const source: ImageSource = {
    ...{ ...examples, images: undefined },
    read: (places) =>
      Promise.resolve(
        Uint8Array.from({ length: places.length * 64 }, (_, i) =>
          examples.images[places[i >> 6]! * 64 + (i & 63)]!),
      ),
  } as ImageSource;
  delete (source as { images?: unknown }).images;
  const pictures = [await wrongestPicture(wrong, examples), await wrongestPicture(wrong, source)];
  assertEquals(pictures[0], pictures[1]);
  // Each image is enlarged to 120 pixels, with two lines below it.
  const across = (pictures[0]!.width - 6) / (120 + 6);
  assertEquals([across, (pictures[0]!.height - 6) / (120 + 22 + 6)], [3, 2]);
  // The first pixel of the first picture is that of the worst answer.
  const [first] = [examples.images[wrong[0]!.index * 64]! / 255];
  assert(Math.abs(pictures[0]!.pixels[6 * pictures[0]!.width + 6]! - first!) < 1e-6);
});

onCpu("impossible mistakes are refused", async () => {
  const examples = toyExamples(6);
  const network = init(toyModel(), key(0), [8, 8, 1]);
  for (const count of [0, -1, 1.5]) {
    await assertRejects(() => wrongest(network, examples, count), RangeError, `got ${count}`);
  }
  const evaluation = await evaluate(network, examples);
  assertThrows(() => wrongestOf(evaluation, toyExamples(3), 1), TypeError, "6 predictions of 3");
  await assertRejects(() => wrongestPicture([], examples), RangeError, "none");
  const two = { ...examples, images: new Uint8Array(768), imageShape: [8, 8, 2] as const };
  const one = {
    index: 0,
    actual: "left",
    predicted: "right",
    probability: 1,
    actualProbability: 0,
  };
  await assertRejects(() => wrongestPicture([one], two), TypeError, "got 2");
});

onCpu(
  "a source that is read as needed is trained on and measured like images in memory",
  async () => {
    const examples = toyExamples(40);
    const { images, ...rest } = examples;
    const source: ImageSource = {
      ...rest,
      read: (places) =>
        Promise.resolve(
          Uint8Array.from(
            { length: places.length * 64 },
            (_, i) => images[places[i >> 6]! * 64 + (i & 63)]!,
          ),
        ),
    };
    const run = async (data: typeof examples | ImageSource): Promise<unknown[]> => {
      const found: unknown[] = [];
      const options = { batchSize: 16, epochs: 2, validation: data };
      for await (const { loss, valLoss, validation } of fit(toyModel(), data, options)) {
        found.push([loss, valLoss, validation!.confusion]);
      }
      return found;
    };
    assertEquals(await run(source), await run(examples));
  },
);
