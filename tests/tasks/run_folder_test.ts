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
import { type Checkpoint, type Evaluation, type Examples, readCheckpoint } from "../../mod.ts";
import { UsageError } from "../../tasks/command.ts";
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

/** Writes everything that a run writes. */
async function fill(folder: RunFolder): Promise<void> {
  const epoch = { epoch: 1, loss: 1, accuracy: 0.5, seconds: 1, learningRate: 0.1 };
  await folder.writeState(checkpoint(folder.id), {
    history: [epoch],
    steps: [{ step: 1, loss: 1 }],
    stepsPerEpoch: 1,
    title: "a run",
  });
  await folder.writeResults(evaluation, test);
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
    "wrongest.png",
  ];
  assertEquals(namesIn(`${dir}/run`), names);
  assertEquals(folder.files().toSorted(), names);
  for (const name of names) {
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
      "another run, got",
    );
  }
  const next = await openRunFolder(dir, { config: other, overwrite: true });
  assertEquals(namesIn(dir), ["config.json", "notes.txt", "run.lock"]);
  assertNotEquals(next.id, first.id);
  assertEquals(JSON.parse(await Deno.readTextFile(`${dir}/config.json`)).model, "compact");
  await next.release();
});

inDirectory("the same run can be done again once it is finished", async (dir) => {
  const first = await openRunFolder(dir, { config: settings });
  await fill(first);
  await first.release();
  const again = await openRunFolder(dir, { config: { ...settings } });
  assertEquals(namesIn(dir), ["config.json", "run.lock"]);
  await fill(again);
  await again.release();
  // Without results it was interrupted: to begin anew would lose its epochs.
  await Deno.remove(`${dir}/classes.csv`);
  await assertRejects(() => openRunFolder(dir, { config: settings }), UsageError, "--resume");
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
  assertEquals(namesIn(dir), kept);
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
