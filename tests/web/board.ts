// `deno task test:web`: the board in a real browser, with a run that is over and one that goes on.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openChromium, openPage } from "../browser/chromium.ts";
import { type Outcome, runTask } from "../tasks/run_task.ts";
import { smallMnist } from "../tasks/small_mnist.ts";
import { out, type Page, textOf, until, webTest } from "./in_browser.ts";
import { startTask } from "./task_server.ts";

/** A folder with a run, a run that a script goes on with, and a damaged log. */
async function madeRuns(): Promise<{ readonly dir: string; readonly runs: string }> {
  const dir = await smallMnist(600, 200);
  const runs = `${dir}/runs`;
  const { code, err } = await runTask("train", [
    ...["--data-dir", dir, "--model", "compact", "--epochs", "2", "--batch-size", "30"],
    ...["--out", `${runs}/compact`, "--board", "--port", "0"],
  ]);
  assertEquals(code, 0, err);
  await Deno.mkdir(`${runs}/script`);
  const begin = { kind: "begin", at: Date.now() - 4000, epochs: 3, batchSize: 32 };
  await Deno.writeTextFile(`${runs}/script/live.jsonl`, `${JSON.stringify(begin)}\n`);
  await Deno.writeTextFile(`${runs}/damaged.csv`, "epoch,loss\n1,0.5\nrubbish\n2,0.4\n");
  return { dir, runs };
}

/** A step of the script. */
const stepLine = (step: number): string =>
  `${
    JSON.stringify({
      kind: "step",
      at: Date.now() + 100 * step,
      step,
      epoch: 1,
      stepInEpoch: step,
      stepsPerEpoch: 100,
      loss: 2 / step,
      meanLoss: 3 / step,
      accuracy: 0.5,
    })
  }\n`;

/** Opens a view at a width. */
async function show(page: Page, url: string, hash: string, width = 1200): Promise<void> {
  await page.setViewport({ width, height: 900 });
  await page.goto("about:blank");
  await page.goto(`${url}#/${hash}`);
}

const shot = (page: Page, name: string) =>
  page.screenshot({ path: `${out}/board-${name}.png`, fullPage: true });

/** Whether nothing sticks out of the page's width. */
const fits = (page: Page): Promise<boolean> =>
  page.evaluate("document.documentElement.scrollWidth <= innerWidth") as Promise<boolean>;

webTest("the board shows runs as people look at them", async () => {
  const { dir, runs } = await madeRuns();
  const browser = await openChromium();
  const faults: string[] = [];
  try {
    await using server = await startTask("board", [runs]);
    const { url } = server;
    const page = await openPage(browser, url, faults);
    const [compact, script] = [`${runs}/compact`, `${runs}/script`];

    // Curves: as many charts as there are numbers, in words too.
    await until(page, `document.querySelectorAll("[data-chart] canvas").length >= 4`);
    const history = await Deno.readTextFile(`${compact}/history.csv`);
    const [heading, , last] = history.split("\r\n").map((line) => line.split(","));
    const column = (name: string): number => Number(last![heading!.indexOf(name)]);
    const alt = await page.$eval(
      `[data-chart="accuracy"]`,
      (one) => one.getAttribute("aria-label"),
    );
    assertStringIncludes(alt!, `to ${(100 * column("val_accuracy")).toFixed(2)} %`);
    await until(page, `document.querySelector("#main")?.textContent.includes("left out: 1")`);
    await shot(page, "curves");

    // What another process writes is seen without a click.
    await until(page, `document.querySelector("#now").textContent.includes("script")`);
    await Deno.writeTextFile(`${script}/live.jsonl`, stepLine(1) + stepLine(11), { append: true });
    await until(page, `document.querySelector("#now").textContent.includes("11 of 100")`);
    // 10 steps of 32 images in a second.
    assertStringIncludes(await textOf(page, "#now"), "images/s320");
    assertEquals(await page.$$eval("#now button", (all) => all.length), 0);

    // The table: a click on a heading sorts, the address says it, a tick takes a run away.
    await page.click(`[data-sort="loss"]`);
    await until(page, `location.hash.includes("sort=loss")`);
    const names = () =>
      page.$$eval("table.runs tbody th", (all) => all.map((one) => one.textContent!));
    assertMatch((await names()).at(-1)!, /script/);
    await page.click(`[data-sort="loss"]`);
    await until(page, `location.hash.includes("sort=-loss")`);
    assertMatch((await names()).at(-1)!, /script/);
    await page.click(`[data-run="${runs}/damaged.csv"]`);
    await until(
      page,
      `!document.querySelector('[data-chart="loss"]').ariaLabel.includes("damaged")`,
    );
    await page.reload();
    await until(page, `document.querySelector("[data-chart] canvas")`);
    assertEquals(await page.$$eval("tr.chosen", (all) => all.length), 2);

    // Along steps, and with a logarithmic axis of losses.
    await page.select(`select[aria-label="Along"]`, "steps");
    await until(page, `location.hash.includes("by=steps")`);
    await until(
      page,
      `document.querySelector('[data-chart="loss"]').ariaLabel.includes("${script} from 3 to 0.27")`,
    );
    const picture = (): Promise<string> =>
      page.$eval(
        `[data-chart="loss"] canvas`,
        (one) => (one as unknown as { toDataURL(): string }).toDataURL(),
      );
    const linear = await picture();
    await page.select(`.controls label:nth-child(2) select`, "log");
    await until(page, `location.hash.includes("scale=log")`);
    await until(
      page,
      `document.querySelector('[data-chart="loss"] canvas').toDataURL() !== ${
        JSON.stringify(linear)
      }`,
    );
    await shot(page, "steps");
    await page.select(`select[aria-label="Along"]`, "epochs");
    await until(page, `document.querySelector('[data-chart="accuracy"]')`);
    // Mistakes: what the run left, then measured again, then a cell by the keyboard.
    await show(page, url, `mistakes?run=${encodeURIComponent(compact)}`);
    await until(page, `document.querySelector("img.wrongest")?.naturalWidth > 0`);
    const left = await textOf(page, "#main");
    assertStringIncludes(left, `${(100 * column("val_accuracy")).toFixed(2)} % of 200 are right`);
    const counts = () =>
      page.$$eval(".matrix td button", (all) => all.map((one) => one.textContent));
    const before = await counts();
    await page.click("button.measure");
    await until(page, `document.querySelector(".shown canvas")`, 60);
    assertEquals(await counts(), before);
    await shot(page, "mistakes");
    const wrong = await page.$eval(".matrix .taken:not(:disabled)", (one) => {
      (one as unknown as { focus(): void }).focus();
      return [one.getAttribute("data-cell")!, one.textContent!];
    });
    await page.keyboard.press("Enter");
    await until(page, `document.querySelectorAll(".shown canvas").length === ${wrong[1]}`);
    assertStringIncludes(decodeURIComponent(page.url()), `cell=${wrong[0]}`);
    assertEquals(
      await page.evaluate("document.activeElement.dataset.cell"),
      wrong[0],
      "the focus stays",
    );

    // Layers: of each epoch; of a phone's width, in the dark.
    await show(page, url, `layers?run=${encodeURIComponent(compact)}&epoch=1`);
    await until(page, `document.querySelectorAll(".histogram").length > 20`);
    const labels = () =>
      page.$$eval(".histogram", (all) => all.map((one) => one.getAttribute("aria-label")));
    const first = await labels();
    await page.focus("input.epoch");
    await page.keyboard.press("ArrowRight");
    await until(page, `document.querySelector("output").textContent.includes("2")`);
    assert((await labels()).some((label, i) => label !== first[i]));
    await shot(page, "layers");
    // Another run is chosen; it has left nothing of its layers.
    await page.select("select.run", script);
    await until(page, `location.hash.includes("run=${encodeURIComponent(script)}")`);
    await until(
      page,
      `document.querySelector("#main").textContent.includes("left neither layers")`,
    );
    assert(!page.url().includes("epoch="), page.url());
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    for (const view of ["curves", "mistakes", "layers"]) {
      await show(page, url, `${view}?run=${encodeURIComponent(compact)}`, 390);
      const sign =
        { curves: "[data-chart] canvas", mistakes: ".matrix", layers: ".histogram" }[view];
      await until(page, `document.querySelector("${sign}")`);
      assert(await fits(page), `${view} sticks out`);
      await shot(page, `${view}-phone`);
    }
    await page.keyboard.press("1");
    await until(page, `location.hash.startsWith("#/curves")`);
    await page.close();
    assertEquals(faults, []);
  } finally {
    await browser.close();
    await Deno.remove(dir, { recursive: true });
  }
});

webTest("settings in which runs agree are shown when they are asked for", async () => {
  const dir = await Deno.makeTempDir();
  for (const [name, learningRate] of [["slow", 0.001], ["fast", 0.1]] as const) {
    await Deno.mkdir(`${dir}/${name}`);
    const settings = { model: "lenet5", optimizer: "sgd", learningRate };
    await Deno.writeTextFile(`${dir}/${name}/config.json`, JSON.stringify(settings));
    await Deno.writeTextFile(`${dir}/${name}/history.csv`, "epoch,loss\r\n1,0.5\r\n");
  }
  const browser = await openChromium();
  const faults: string[] = [];
  try {
    await using server = await startTask("board", [dir]);
    const page = await openPage(browser, server.url, faults);
    const settings = (...shown: string[]) =>
      until(
        page,
        `["model", "optimizer", "learningRate"].every((name) =>
          !!document.querySelector(\`[data-sort="\${name}"]\`) === ${
          JSON.stringify(shown)
        }.includes(name)) && document.querySelector("table.runs")`,
      );
    await settings("learningRate");
    await page.click("label.row input");
    await settings("model", "optimizer", "learningRate");
    assertStringIncludes(page.url(), "all=1");
    await page.click("label.row input");
    await settings("learningRate");
    assertEquals(faults, []);
  } finally {
    await browser.close();
    await Deno.remove(dir, { recursive: true });
  }
});

webTest("the buttons of the board end a run with its step, or with its epoch", async () => {
  const dir = await smallMnist(600, 200);
  const browser = await openChromium();
  const faults: string[] = [];
  const args = [
    ...["--data-dir", dir, "--model", "compact", "--epochs", "500", "--batch-size", "30"],
    ...["--out", `${dir}/run`, "--board"],
  ];
  /** Trains, and clicks once steps are seen. */
  const clicked = async (button: string, more: readonly string[]): Promise<[string, Outcome]> => {
    await using run = await startTask("train", [...args, ...more]);
    const page = await openPage(browser, run.url, faults);
    await until(page, `/step\\d+ of/.test(document.querySelector("#now").textContent)`, 60);
    const names = await page.$$eval("#now button", (all) => all.map((one) => one.textContent));
    assertEquals(names, ["Stop after this epoch", "Stop"]);
    await page.click(button);
    await until(page, `document.querySelector("#now .ends").textContent.includes("It ends with")`);
    const said = await textOf(page, "#now .ends");
    assertEquals(
      await page.$$eval("#now button", (all) => all.map((one) => one.disabled)),
      [true, true],
      "the buttons are spent",
    );
    await shot(page, button.replace("button.", ""));
    const outcome = await run.ended();
    await until(page, `document.querySelector("#connection").textContent.includes("is over")`);
    await page.close();
    return [said, outcome];
  };
  try {
    const [step, first] = await clicked("button.end-step", []);
    assertStringIncludes(step, "It ends with this step; --resume continues it.");
    assertEquals(first.code, 130, first.err);
    const [epoch, second] = await clicked("button.end-epoch", ["--resume"]);
    assertStringIncludes(epoch, "It ends with this epoch, and is measured.");
    assertEquals(second.code, 0, second.err);
    const result = JSON.parse(second.out.trimEnd().split("\n").at(-1)!);
    assertEquals(result.stopped, "board: after this epoch");
    // The connection's end is what the page is told by.
    assertEquals(faults.filter((fault) => !/WebSocket connection/.test(fault)), []);
  } finally {
    await browser.close();
    await Deno.remove(dir, { recursive: true });
  }
});
