// Accuracy against ε: counting, progress, signals, charts.
import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import {
  type Attack,
  deepFool,
  fgsm,
  pgd,
  robustness,
  robustnessSvg,
} from "../../../lib/generate/mod.ts";
import { takeExamples, tf } from "../../../mod.ts";
import { onCpu, onEachBackend } from "../../backends.ts";
import { images, pixelsOf, trainedNetwork } from "./networks.ts";

const EPSILONS = [0, 0.1, 0.2, 0.4];

onEachBackend("robustness falls with ε as attacks on single batches say", async () => {
  const network = await trainedNetwork();
  const before = tf.memory().numTensors;
  const seen: string[] = [];
  const found = await robustness(network, images, fgsm, EPSILONS, {
    batchSize: 20,
    onProgress: ({ done, total }) => void seen.push(`${done}/${total}`),
  });
  assertEquals(tf.memory().numTensors, before);
  assertEquals([seen.length, seen.at(-1)], [9, "9/9"]);
  assertEquals([found.norm, found.count, found.accuracy], ["linf", 48, 1]);
  const { x, labels } = pixelsOf(images, 48);
  for (const { epsilon, accuracy } of found.points) {
    const { success } = await fgsm(network, x, labels, { epsilon });
    assertEquals(accuracy, success.filter((is) => !is).length / 48, `ε ${epsilon}`);
  }
  assertLess(found.points.at(-1)!.accuracy, 0.5);
});

onCpu("an example that is misclassified without an attack counts as wrong", async () => {
  const network = await trainedNetwork();
  const wrong = { ...images, labels: images.labels.map((label) => (label + 1) % 3) };
  const { accuracy, points } = await robustness(network, wrong, fgsm, [0, 0.4]);
  assertEquals([accuracy, points.map((point) => point.accuracy)], [0, [0, 0]]);
});

onCpu("attacks that seek the smallest change run once", async () => {
  const network = await trainedNetwork();
  const few = takeExamples(images, 12);
  const { x, labels } = pixelsOf(images, 12);
  const { distances } = await deepFool(network, x, labels);
  const [middle] = [distances.toSorted((a, b) => a - b)[6]!];
  let calls = 0;
  const attack: Attack = (...given) => {
    calls++;
    return deepFool(...given);
  };
  const found = await robustness(network, few, attack, [0, middle, 9], { isMinimal: true });
  assertEquals([calls, found.norm], [1, "l2"]);
  assertEquals(found.points.map(({ accuracy }) => accuracy), [1, 5 / 12, 0]);
});

onCpu("a signal stops robustness after the batches that are done", async () => {
  const network = await trainedNetwork();
  const controller = new AbortController();
  const { signal } = controller;
  const options = {
    batchSize: 12,
    signal,
    onProgress: ({ done }: { done: number }): void => done === 3 ? controller.abort() : undefined,
  };
  const attack: Attack = (network, x, labels, given) =>
    pgd(network, x, labels, { ...given, steps: 2 });
  // Two attacks a batch: the second batch is left half way.
  const { count } = await robustness(network, images, attack, [0.1, 0.2], options);
  assertEquals(count, 12);
  await assertRejects(
    () => robustness(network, images, fgsm, [0.1], { signal: AbortSignal.abort() }),
    DOMException,
  );
});

Deno.test("curves are drawn with their names, by one norm", async () => {
  const points = [{ epsilon: 8 / 255, accuracy: 0.25 }, { epsilon: 0, accuracy: 0.9 }];
  const found = { norm: "linf", count: 10, accuracy: 0.9, points } as const;
  const svg = await robustnessSvg({ FGSM: found, PGD: found }, { title: "net under attack" });
  for (const text of ["<svg", "FGSM", "PGD", "net under attack", "25 %", "255"]) {
    assertStringIncludes(svg, text);
  }
  assert(!svg.includes("NaN"));
  await assertRejects(() => robustnessSvg({}, { title: "" }), RangeError, "none");
  const other = { ...found, norm: "l2" } as const;
  await assertRejects(
    () => robustnessSvg({ FGSM: found, PGD: other }, { title: "" }),
    RangeError,
    "linf, l2",
  );
});
