// The displays of tasks, on streams that record what is written.
// deno-lint-ignore-file no-control-regex -- terminals are driven by escape characters
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  downloadProgress,
  fourDigits,
  liveBar,
  type ProgressStream,
  stepProgress,
  trainingProgress,
} from "../../tasks/progress.ts";

type Recorder = ProgressStream & { text: string };

function recorder(isTTY: boolean, columns = 120): Recorder {
  return {
    isTTY,
    columns,
    text: "",
    write(text: string): void {
      this.text += text;
    },
  };
}

const END = { loss: 0.22141, accuracy: 0.93207, valLoss: 0.0712, valAccuracy: 0.9774, seconds: 1 };

Deno.test("off a terminal there is a line for the first step and one for each epoch", () => {
  const stream = recorder(false);
  const progress = trainingProgress({ epochs: 2, stepsPerEpoch: 2 }, stream);
  for (const epoch of [1, 2]) {
    progress.step(epoch, 1, { loss: 2, accuracy: 0.1 });
    progress.step(epoch, 2, { loss: 1, accuracy: 0.5 });
    progress.epochEnd(epoch, { ...END, seconds: 12.34 });
  }
  progress.stop();
  const lines = stream.text.split("\n");
  assertMatch(lines[0]!, /^First step done in \d+\.\ds$/);
  const metrics = "loss: 0.2214 - accuracy: 0.9321 - val_loss: 0.07120 - val_accuracy: 0.9774";
  assertEquals(lines.slice(1), [
    `Epoch 1/2 - 12.3s - ${metrics}`,
    `Epoch 2/2 - 12.3s - ${metrics}`,
    "",
  ]);
});

Deno.test("the line of an epoch has only the metrics there are, and no false zeros", () => {
  const stream = recorder(false);
  const progress = trainingProgress({ epochs: 1, stepsPerEpoch: 2 }, stream);
  progress.epochEnd(1, { loss: 0.0000123, accuracy: 0, seconds: 0.04 });
  assertEquals(stream.text, "Epoch 1/1 - 0.0s - loss: 1.230e-5 - accuracy: 0.000\n");
});

Deno.test("an epoch's seconds are measured if they are not given", async () => {
  const stream = recorder(false);
  const progress = trainingProgress({ epochs: 1, stepsPerEpoch: 1 }, stream);
  await new Promise((resolve) => setTimeout(resolve, 120));
  progress.step(1, 1, { loss: 1 });
  progress.epochEnd(1, { loss: 1 });
  const seconds = Number(/Epoch 1\/1 - (\d+\.\d)s/.exec(stream.text)?.[1]);
  assert(seconds >= 0.1 && seconds < 5, stream.text);
});

Deno.test("on a terminal there is a bar with steps, times, loss and accuracy", async () => {
  const stream = recorder(true);
  const progress = trainingProgress({ epochs: 3, stepsPerEpoch: 4 }, stream);
  progress.step(2, 1, { loss: 2, accuracy: 0.25 });
  assertMatch(stream.text, /Epoch 2\/3 \[=+-+\] 1\/4 - \d+s - loss: 2\.000 - accuracy: 0\.2500/);
  assert(!stream.text.includes("ETA"), "the first step says nothing of the others");
  stream.text = "";
  await new Promise((resolve) => setTimeout(resolve, 250));
  progress.step(2, 2, { loss: 1, accuracy: 0.5 });
  assertMatch(stream.text, /2\/4 - \d+s - ETA: \d+s - loss: 1\.000 - accuracy: 0\.5000/);
  progress.stop();
});

Deno.test("on a terminal the bar makes way for the epoch's line", () => {
  const stream = recorder(true);
  const progress = trainingProgress({ epochs: 1, stepsPerEpoch: 1 }, stream);
  progress.step(1, 1, { loss: 1, accuracy: 0 });
  stream.text = "";
  progress.epochEnd(1, END);
  // The bar is erased (CSI 2 K) before the line, and not drawn again after it.
  assertMatch(stream.text, /\x1b\[2KEpoch 1\/1 - 1\.0s - loss: 0\.2214 [^\n\x1b]*0\.9774\n$/);
});

Deno.test("a line is printed above the bar, which is drawn again", () => {
  const stream = recorder(true);
  const bar = liveBar("{name} [{bar}] {value}/{total}", stream);
  bar.line("before");
  assertEquals(stream.text, "before\n");
  bar.draw(1, 2, { name: "conv1" });
  stream.text = "";
  bar.line("hello");
  assertMatch(stream.text, /\x1b\[2Khello\n.*conv1 \[=+-+\] 1\/2/s);
  bar.stop();
  bar.stop();
});

Deno.test("the bar leaves no terminal mode to restore and fits a narrow terminal", () => {
  const stream = recorder(true, 40);
  const progress = trainingProgress({ epochs: 1, stepsPerEpoch: 2 }, stream);
  progress.step(1, 1, { loss: 1, accuracy: 0 });
  progress.stop();
  assertStringIncludes(stream.text, "Epoch 1/1 [=====-----] 1/2");
  assert(!/\x1b\[\?/.test(stream.text), "no private mode is set");
  const drawn = stream.text.split(/\x1b(?:\[[\d;]*[A-Za-z]|[78])/);
  assert(drawn.every((part) => part.trim().length <= 40), stream.text);
});

Deno.test("a download is a line at once, and on a terminal a bar in megabytes", () => {
  const file = recorder(false);
  const quiet = downloadProgress("resnet18", file);
  quiet.update(1e6, 46.8e6);
  quiet.update(46.8e6, 46.8e6);
  quiet.stop();
  assertEquals(file.text, "Fetching resnet18\n");
  const terminal = recorder(true);
  const shown = downloadProgress("resnet18", terminal);
  shown.update(23.4e6, 46.8e6);
  shown.stop();
  assertStringIncludes(terminal.text, "Fetching resnet18 [");
  assertStringIncludes(terminal.text, "23.4/46.8 MB");
  const unknown = recorder(false);
  downloadProgress("https://host/a.safetensors", unknown).update(5, undefined);
  assertEquals(unknown.text, "Fetching https://host/a.safetensors\n");
});

Deno.test("off a terminal work in steps has a line for its first step and for each tenth, with the score", () => {
  const stream = recorder(false);
  const progress = stepProgress("conv1, channel 3", stream);
  for (let step = 0; step <= 40; step++) progress.step(step, 40, step * 1.23456789);
  progress.stop();
  const lines = stream.text.trim().split("\n");
  assertEquals(lines.length, 11);
  assertMatch(lines[0]!, /^conv1, channel 3: 1\/40 - 0s - score: 1\.235$/);
  assertMatch(lines[1]!, /^conv1, channel 3: 4\/40 - 0s - ETA: 0s - score: 4\.938$/);
  assertMatch(lines[10]!, /^conv1, channel 3: 40\/40 - .* - score: 49\.38$/);
});

Deno.test("numbers have four significant digits, however large or small they are", () => {
  const shown = [0, 0.5, 12.3456, 9999, -123456, 405700000000, 0.00012345].map(fourDigits);
  assertEquals(shown, [
    "0.000",
    "0.5000",
    "12.35",
    "9999",
    "-1.235e+5",
    "4.057e+11",
    "1.234e-4",
  ]);
});

Deno.test("work in steps is a bar on a terminal, without a score if there is none", async () => {
  const stream = recorder(true);
  const progress = stepProgress("occlusion", stream);
  progress.step(1, 4);
  await new Promise((resolve) => setTimeout(resolve, 120));
  progress.step(2, 4, -0.5);
  await new Promise((resolve) => setTimeout(resolve, 120));
  progress.stop();
  const text = stream.text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
  assertMatch(text, /occlusion \[.*\] 1\/4 - 0s(?! - score)/);
  assertMatch(text, /occlusion \[.*\] 2\/4 - \ds - ETA: \ds - score: -0\.5000/);
});
