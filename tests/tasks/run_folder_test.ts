// A run's folder: one run's files alone, each of which names it.
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { decodeImage, encodePng } from "../../lib/image/mod.ts";
import { confusionMatrix } from "../../lib/train/report/mod.ts";
import { dataIdentity } from "../../lib/train/data_identity.ts";
import { START } from "../../lib/train/training.ts";
import {
  type Checkpoint,
  type Evaluation,
  type Examples,
  readCheckpoint,
  writeCheckpoint,
} from "../../mod.ts";
import { UsageError } from "../../tasks/command.ts";
import { resultIn } from "../../tasks/train/run_files.ts";
import { openRunFolder, type RunFolder } from "../../tasks/train/run_folder.ts";

const settings = { model: "lenet5", dataset: "mnist", epochs: 2 };
const other = { model: "compact", dataset: "mnist", epochs: 2 };

const test: Examples = {
  name: "pixels",
  images: Uint8Array.from([0, 255]),
  labels: Uint8Array.from([0, 1]),
  imageShape: [1, 1, 1],
  classNames: ["dark", "light"],
};

const evaluation: Evaluation = {
  loss: 0.5,
  accuracy: 0.5,
  top5Accuracy: 1,
  count: 2,
  ranks: [1, 2],
  confusion: confusionMatrix([0, 1], [0, 0], 2),
  predictions: {
    predicted: Uint16Array.of(0, 0),
    probability: Float32Array.of(0.9, 0.6),
    actual: Float32Array.of(0.9, 0.4),
  },
};

function checkpoint(id: string): Checkpoint {
  const sections = { params: new Map(), state: new Map(), optimizer: new Map() };
  return { sections, run: { id, settings } };
}

const records = {
  history: [{ epoch: 1, loss: 1, accuracy: 0.5, seconds: 1, learningRate: 0.1 }],
  steps: [{ step: 1, loss: 1 }],
  stepsPerEpoch: 1,
  title: "a run",
};

/** Writes everything that a run writes. */
async function fill(folder: RunFolder): Promise<void> {
  await folder.writeState(checkpoint(folder.id), records);
  await folder.writeResults(evaluation, test);
  await folder.finish({ testAccuracy: 0.5 });
}

/** Runs a test with a directory of its own. */
function inDirectory(name: string, body: (dir: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const dir = await Deno.makeTempDir();
    try {
      await body(dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

const namesIn = (dir: string): string[] =>
  [...Deno.readDirSync(dir)].map(({ name }) => name).sort();

inDirectory("every file of a run names the run", async (dir) => {
  const folder = await openRunFolder(`${dir}/run//`, { config: settings });
  await fill(folder);
  const dot = encodePng({ width: 1, height: 1, channels: 1, pixels: Float32Array.of(0.5) });
  await folder.write("augmented.png", dot);
  await folder.release();
  const names = [
    "augmented.png",
    "checkpoint.safetensors",
    "classes.csv",
    "config.json",
    "confusion.csv",
    "curves.svg",
    "history.csv",
    "result.json",
    "wrongest.png",
  ];
  assertEquals(namesIn(`${dir}/run`), names);
  assertEquals(folder.files().toSorted(), names);
  for (const name of names.filter((name) => name !== "result.json")) {
    const bytes = await Deno.readFile(`${dir}/run/${name}`);
    const text = new TextDecoder("latin1").decode(bytes);
    assertStringIncludes(text, folder.id, name);
    if (name.endsWith(".png")) await decodeImage(bytes, name);
  }
  const history = await Deno.readTextFile(`${dir}/run/history.csv`);
  assertEquals(history.split("\r\n").map((line) => line.split(",").at(-1)), ["run", folder.id, ""]);
  const config = JSON.parse(await Deno.readTextFile(`${dir}/run/config.json`));
  assertEquals(config, { run: folder.id, ...settings });
});

inDirectory("a folder of another run is refused, or cleared of what runs write", async (dir) => {
  const first = await openRunFolder(dir, { config: settings });
  await fill(first);
  await Deno.writeTextFile(`${dir}/best.safetensors`, "of the first");
  await Deno.writeTextFile(`${dir}/notes.txt`, "mine");
  await first.release();
  const before = namesIn(dir);
  const refused = await assertRejects(() => openRunFolder(dir, { config: other }), UsageError);
  for (const said of ["checkpoint.safetensors of lenet5 on mnist", "--resume", "--overwrite"]) {
    assertStringIncludes(refused.message, said);
  }
  assertEquals(namesIn(dir), before);
  for (const text of ["null", "3", '"lenet5"', "[]", "{"]) {
    await Deno.writeTextFile(`${dir}/config.json`, text);
    await assertRejects(
      () => openRunFolder(dir, { config: other }),
      UsageError,
      "an earlier run, got",
    );
  }
  const next = await openRunFolder(dir, { config: other, overwrite: true });
  assertEquals(namesIn(dir), [".previous", "config.json", "notes.txt", "run.lock"]);
  assertNotEquals(next.id, first.id);
  assertEquals(JSON.parse(await Deno.readTextFile(`${dir}/config.json`)).model, "compact");
  await next.release();
});

/** The settings in a folder of a run, which say which run it is. */
const modelIn = async (dir: string): Promise<string> =>
  JSON.parse(await Deno.readTextFile(`${dir}/config.json`)).model;

inDirectory("a finished run is there until another one is finished", async (dir) => {
  const first = await openRunFolder(dir, { config: settings });
  await fill(first);
  await first.release();
  const files = namesIn(dir);
  assertEquals(await resultIn(dir, settings, undefined), { testAccuracy: 0.5 });
  assertEquals(await resultIn(dir, other, undefined), undefined);
  await assertRejects(() => openRunFolder(dir, { config: settings }), UsageError, "--overwrite");
  // Two that are broken off, and a third one.
  for (const config of [other, other]) {
    await (await openRunFolder(dir, { config, overwrite: true })).release();
    assertEquals(await modelIn(dir), "compact");
    assertEquals(namesIn(`${dir}/.previous`), files);
    assertEquals(await modelIn(`${dir}/.previous`), "lenet5");
  }
  const third = await openRunFolder(dir, { config: other, overwrite: true });
  await third.writeState(checkpoint(third.id), records);
  assertEquals(namesIn(`${dir}/.previous`), files);
  await third.writeResults(evaluation, test);
  await third.finish({ testAccuracy: 0.6 });
  await third.release();
  assertEquals(namesIn(dir), files);
  assertEquals(await resultIn(dir, other, undefined), { testAccuracy: 0.6 });
});

inDirectory("a run that was not measured is not finished: its epochs are not lost", async (dir) => {
  const first = await openRunFolder(dir, { config: settings });
  await fill(first);
  await first.release();
  await Deno.remove(`${dir}/result.json`);
  assertEquals(await resultIn(dir, settings, undefined), undefined);
  await assertRejects(() => openRunFolder(dir, { config: settings }), UsageError, "--resume");
  await (await openRunFolder(dir, { config: settings, overwrite: true })).release();
  assertEquals(namesIn(dir), ["config.json"]);
});

inDirectory("a finished run on other data is refused, in words", async (dir) => {
  const first = await openRunFolder(dir, { config: settings });
  await fill(first);
  await first.release();
  const data = dataIdentity(test);
  const one = { ...test, images: Uint8Array.of(7, 255) };
  const file = `${dir}/checkpoint.safetensors`;
  const { sections, run } = await readCheckpoint(file);
  const progress = { ...START, epoch: 2, step: 2 };
  const about = { ...run as object, progress, key: [0, 0], data } as never;
  await writeCheckpoint(file, { sections, run: about });
  assertEquals(await resultIn(dir, settings, data), { testAccuracy: 0.5 });
  const refused = () => resultIn(dir, settings, dataIdentity(one));
  await assertRejects(refused, UsageError, "with other images, files or labels. Replace it with");
});

inDirectory("a run that ended before its first epoch is no other run", async (dir) => {
  const first = await openRunFolder(dir, { config: settings });
  await first.write("learning_rate.svg", "<svg></svg>");
  await first.release();
  await Deno.writeTextFile(`${dir}/checkpoint.safetensors.1234.tmp`, "half");
  const next = await openRunFolder(dir, { config: other });
  assertEquals(namesIn(dir), ["config.json", "run.lock"]);
  await next.release();
});

inDirectory("a resumed run keeps its id and files, but not its results", async (dir) => {
  const first = await openRunFolder(dir, { config: settings });
  await fill(first);
  await first.release();
  const { run } = await readCheckpoint(`${dir}/checkpoint.safetensors`);
  await Deno.writeTextFile(`${dir}/best.safetensors.1234.tmp`, "half");
  const config = { ...settings, epochs: 4 };
  const resumed = await openRunFolder(dir, { config, resumed: run });
  assertEquals(resumed.id, first.id);
  const kept = ["checkpoint.safetensors", "config.json", "curves.svg", "history.csv", "run.lock"];
  assertEquals(namesIn(dir), [".previous", ...kept]);
  await resumed.release();
  await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify({ run: "another", ...settings }));
  const mixed = await assertRejects(() => openRunFolder(dir, { config, resumed: run }), UsageError);
  assertStringIncludes(mixed.message, `of one run, got checkpoint.safetensors of ${first.id}`);
  assert(!namesIn(dir).includes("run.lock"));
});

inDirectory("a folder in which a run is under way is refused, with its process", async (dir) => {
  const first = await openRunFolder(dir, { config: settings });
  const second = openRunFolder(dir, { config: settings, overwrite: true });
  await assertRejects(() => second, Error, `got one of process ${Deno.pid}`);
  await first.release();
  await (await openRunFolder(dir, { config: settings })).release();
});
