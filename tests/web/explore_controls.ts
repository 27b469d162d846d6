// Every control of the explorer, clicked or filled in once, and what it does.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { hasSharedData, sharedPath } from "../shared_data.ts";
import { openPage } from "../browser/chromium.ts";
import { lastTest, missing, opened, type Page, pageTest, until, webTest } from "./in_browser.ts";
import { startTask } from "./task_server.ts";

/** What is done with a control: a click, or the value that it gets. */
type Use = {
  readonly name: string;
  readonly value?: string;
  /** What is true in the page then. */
  readonly then: string;
};

const click = (name: string, then: string): Use => ({ name, then });
const fill = (name: string, value: string, then: string): Use => ({ name, value, then });

/** Whether the address has a parameter. */
const address = (param: string): string => `location.hash.includes(${JSON.stringify(param)})`;
const noAddress = (param: string): string => `!${address(param)}`;
const text = (selector: string, part: string): string =>
  `document.querySelector(${JSON.stringify(selector)})?.textContent.includes(${
    JSON.stringify(part)
  })`;
const quiet = `!document.querySelector("#main .status:not(:empty), #side .status:not(:empty)")`;

/** In the page: the controls by the names that people and screen readers know them by. */
const NAMED = `(() => {
  const nameOf = (one) => one.getAttribute("aria-label") ??
    one.closest("label")?.querySelector("span")?.textContent ?? one.textContent;
  return [...document.querySelectorAll("#main, #side, dialog")].flatMap((part) =>
    [...part.querySelectorAll("button, input, select, summary")].map((one) => [nameOf(one), one]));
})()`;

/** Uses a control as a person does, and waits for what comes of it. */
async function use(page: Page, { name, value, then }: Use): Promise<void> {
  const wanted = JSON.stringify(name);
  const found =
    `${NAMED}.find(([name, one]) => name === ${wanted} && one.checkVisibility() && !one.disabled)?.[1]`;
  await until(page, `!!${found}`, 60);
  // At once: by the mouse, a click would miss what moves as the page draws what it is told.
  if (value === undefined) await page.evaluate(`${found}.click()`);
  else {
    // A choice, a slider or a field, as the browser tells the page of it.
    await page.evaluate(
      `(() => {
        const one = ${found};
        one.value = ${JSON.stringify(value)};
        for (const type of ["input", "change"]) one.dispatchEvent(new Event(type, { bubbles: true }));
      })()`,
    );
  }
  // UMAP takes its while.
  await until(page, then, 180).catch((cause) => {
    throw new Error(`“${name}” did not lead to: ${then}`, { cause });
  });
}

/** Uses controls one after another, and checks that the view has no others. */
function controlsTest(
  view: string,
  uses: readonly Use[],
  options: { readonly hash?: string; readonly others?: RegExp } = {},
): void {
  pageTest(`every control of the view ${view} does what it says`, async (page) => {
    await until(page, `document.querySelector("#main.${view} h2")`);
    await until(page, `document.querySelector("#side .bar")`);
    // What is saved is a click on a link that no document holds.
    await page.evaluate(
      `HTMLAnchorElement.prototype.click = function () { window.saved = this.download; }`,
    );
    const seen = new Set<string>();
    const look = async (): Promise<void> => {
      const names = await page.evaluate(
        `${NAMED}.filter(([, one]) => one.closest("#main")).map(([name]) => name)`,
      );
      for (const name of names as string[]) seen.add(name);
    };
    for (const each of uses) {
      await look();
      await use(page, each);
    }
    await look();
    const used = new Set(uses.map(({ name }) => name));
    const left = [...seen].filter((name) => !used.has(name) && !options.others?.test(name));
    assertEquals(left, [], `controls of ${view} that nobody used`);
  }, { hash: options.hash ?? `#/${view}` });
}

/** Shows the address's parameter of a field, and takes it away again. */
const field = (name: string, param: string, value: string): Use[] => [
  fill(name, value, address(`${param}=${value}`)),
];

controlsTest("network", [
  fill("Zoom", "60", `${address("zoom=60")} && document.querySelector("#main svg").style.width`),
  click(
    "Fit",
    `${
      noAddress("zoom=60")
    } && (({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth + 2 || ${
      address("zoom=20")
    })(document.querySelector(".network-picture"))`,
  ),
  click("All layers", `document.querySelector("table.layers a").checkVisibility()`),
]);

controlsTest("layer", [
  click("Next layer", address("layer=act1")),
  click("Layer before", address("layer=conv1")),
  fill("Layer", "flatten", `${address("layer=flatten")} && ${text("#main", "Show all 400")}`),
  click("Show all 400", `document.querySelectorAll(".tile").length === 400`),
  fill("Layer", "conv1", `document.querySelectorAll(".tile").length === 6`),
  fill(
    "Order",
    "number",
    `${
      address("order=number")
    } && [...document.querySelectorAll(".tile")].map((one) => one.dataset.map).join() === "0,1,2,3,4,5"`,
  ),
  fill(
    "Size of the maps",
    "160",
    `document.querySelector(".tile").getBoundingClientRect().width >= 160`,
  ),
  click("Map 3", `${address("map=3")} && ${text(".picked h3", "Map 3 of conv1")}`),
  click(
    "Switch it off",
    `${address("off=3")} && document.querySelectorAll(".tile.off").length === 1`,
  ),
  click("Switch it on", `document.querySelectorAll(".tile.off").length === 0`),
  click("Close", `document.querySelector(".picked").hidden`),
  click("Map 2 is on", `${address("off=2")} && ${text("#main .quiet", "Without map 2")}`),
  click("Map 4 is on", text("#main .quiet", "Without 2 maps")),
  click("Switch all on", `document.querySelectorAll(".tile.off").length === 0`),
  click("Copy command", `${text("#main .again", "Copied")}`),
  click("Copy link", `${text("#main .again .sources", "CopiedCopied")}`),
], { others: /^(Map|Unit) \d+( is on)?$|^Copied$|^Show all/ });

controlsTest("unit", [
  click("Next unit", address("unit=1")),
  click("Unit before", address("unit=0")),
  fill("Layer", "conv2", address("layer=conv2")),
  fill("Unit", "5", address("unit=5")),
  ...field("Steps", "steps", "30"),
  ...field("Seed", "seed", "3"),
  fill("Style", "l2", address("style=l2")),
  click("Make it", text(".making p", "30 steps: from")),
  click("Save PNG", `window.saved?.endsWith("unit.png")`),
  click("Save GIF", `window.saved?.endsWith("unit.gif")`),
  fill("Steps", "2000", address("steps=2000")),
  click("Make it", text(".making p", "Step ")),
  click("Stop", `/^\\d+ steps: from/.test(document.querySelector(".making p").textContent)`),
  fill("Style", "natural", `!${address("style=l2")}`),
], { others: /^Cop/ });

/** The heading says the method that is chosen. */
const explained =
  `document.querySelector(".class h3").textContent.startsWith(document.querySelector("#main select").selectedOptions[0].textContent.replace(/ \\(takes .*/, ""))`;

const EXPLAINED = [
  "input-x-gradient",
  "grad-cam",
  "guided-grad-cam",
  "lrp",
  "smooth-grad",
  "integrated-gradients",
  "occlusion",
  "saliency",
];

controlsTest("why", [
  ...EXPLAINED.map((method) =>
    fill(
      "Method",
      method,
      `${address(`method=${method}`)} && ${explained} && ${quiet}`,
    )
  ),
  fill("Backward rule", "deconvnet", `${address("rule=deconvnet")} && ${quiet}`),
  fill("Backward rule", "guided", `${address("rule=guided")} && ${quiet}`),
  fill("Class", "4", `${address("class=4")} && ${text(".class h3", "for 4:")}`),
  fill("Beside it", "9", `${address("class2=9")} && ${text(".class2 h3", "for 9:")}`),
  fill("Opacity", "40", address("opacity=40")),
  click("Copy command", text(".class .again", "Copied")),
], { others: /^Cop/ });

const FOOLED = [
  "bim",
  "pgd",
  "apgd",
  "apgd-dlr",
  "square",
  "autoattack",
  "deepfool",
  "carlini-wagner",
  "ascent",
];
/** Whether the verdict is there, and the command that makes it again has the flags. */
const judged = (...flags: string[]): string =>
  [text(".verdict", "is taken for"), quiet, ...flags.map((flag) => text("#main .again code", flag))]
    .join(" && ");

controlsTest("fool", [
  fill("Norm", "l2", `${address("norm=l2")} && ${text(".verdict", "(L2)")}`),
  fill("Norm", "linf", `${text(".verdict", "(L∞)")} && ${quiet}`),
  fill("ε, the largest change", "50", `${address("epsilon=50")} && ${judged("--epsilon 0.25")}`),
  fill("To be taken for", "3", `${address("target=3")} && ${judged("--target 3")}`),
  fill("Magnify", "5", text("#main", "The change, 32 times")),
  fill("Method", "bim", `${address("method=bim")} && ${judged("--method bim")}`),
  fill("Steps", "3", `${address("steps=3")} && ${judged("--steps 3")}`),
  ...FOOLED.slice(1).map((method) =>
    fill("Method", method, `${address(`method=${method}`)} && ${judged(`--method ${method}`)}`)
  ),
  fill("Method", "pgd", judged("--method pgd")),
  fill("Steps", "1000", address("steps=1000")),
  click("Stop", judged("--method pgd")),
], { others: /^Cop/ });

controlsTest("dream", [
  fill("Layer", "conv1", address("layer=conv1")),
  fill("Begin with", "noise", address("from=noise")),
  ...field("Shorter side", "size", "40"),
  ...field("Octaves", "octaves", "2"),
  ...field("Their ratio", "octaveScale", "1.5"),
  ...field("Steps each", "steps", "3"),
  ...field("Rate", "rate", "0.01"),
  ...field("Shift", "jitter", "2"),
  ...field("Seed", "seed", "4"),
  click("Dream", text(".making p", "Done")),
  click("Save PNG", `window.saved?.endsWith("dream.png")`),
  click("Save GIF", `window.saved?.endsWith("dream.gif")`),
  fill("Steps each", "500", address("steps=500")),
  click("Dream", text(".making p", "Step ")),
  click("Stop", text(".making p", "Stopped")),
], { others: /^Cop/ });

controlsTest("invert", [
  fill("Layer", "pool1", address("layer=pool1")),
  ...field("Steps", "steps", "5"),
  ...field("Smoothness", "variation", "0.1"),
  ...field("Seed", "seed", "4"),
  click("Invert", text(".making p", "Done")),
  click("Save PNG", `window.saved?.endsWith("inversion.png")`),
  click("Save GIF", `window.saved?.endsWith("inversion.gif")`),
  fill("Steps", "2000", address("steps=2000")),
  click("Invert", text(".making p", "Step ")),
  click("Stop", text(".making p", "Stopped")),
], { others: /^Cop/ });

const mapped = `document.querySelector(".plot")?.dataset.points === "2000" && ${quiet}`;

controlsTest("space", [
  fill("Layer", "pool2", `${address("layer=pool2")} && ${mapped}`),
  fill("Feature maps", "each", `${address("places=each")} && ${mapped}`),
  fill("Map", "umap", `${address("method=umap")} && ${mapped} && !${text("#main", "variance")}`),
], { others: /^Cop/ });

pageTest("the picture is brought by every way there is", async (page) => {
  await until(page, `document.querySelector("#side .bar")`);
  await use(page, click("Next image", address("image=test%3A1")));
  await use(page, click("Image before", address("image=test%3A0")));
  await use(page, fill("Number of the test image", "7", address("image=test%3A7")));
  const bytes = [...await Deno.readFile("examples/gallery/filters.png")];
  const bring = async (how: string): Promise<void> => {
    const before = await page.evaluate("location.hash");
    await page.evaluate(`(() => {
      const files = new DataTransfer();
      files.items.add(new File([new Uint8Array([${bytes}])], "picture.png", { type: "image/png" }));
      ${how}
    })()`);
    await until(page, `${address("image=own")} && location.hash !== ${JSON.stringify(before)}`);
    await until(page, `document.querySelector("#side .bar") && ${quiet}`);
  };
  await bring(`dispatchEvent(new DragEvent("dragover", { dataTransfer: files }));
    if (!document.body.classList.contains("dropping")) throw new Error("nothing is dropped here");
    dispatchEvent(new DragEvent("drop", { dataTransfer: files }));`);
  assertEquals(await page.evaluate(`document.body.className`), "");
  await use(page, fill("Number of the test image", "3", address("image=test%3A3")));
  await bring(`dispatchEvent(new ClipboardEvent("paste", { clipboardData: files }));`);
  const before = await page.evaluate("location.hash");
  const chooser = page.waitForFileChooser();
  await use(page, click("Open…", "true"));
  await (await chooser).accept([await Deno.realPath("examples/gallery/adversarial.png")]);
  await until(page, `location.hash !== ${JSON.stringify(before)} && ${address("image=own")}`);
  // The pad: cleared, it is empty; done, it is gone, and the digit stays.
  await use(page, click("Draw", `!!document.querySelector("dialog .pad")`));
  const box = (await (await page.$(".pad"))!.boundingBox())!;
  const ink =
    `[...document.querySelector(".pad").getContext("2d").getImageData(0, 0, 280, 280).data].filter((one, i) => i % 4 === 0 && one > 0).length`;
  const stroke = async (): Promise<void> => {
    await page.mouse.move(box.x + 140, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 140, box.y + 240, { steps: 4 });
    await page.mouse.up();
  };
  await stroke();
  assert(Number(await page.evaluate(ink)) > 1000);
  await use(page, click("Clear", `${ink} === 0`));
  await stroke();
  await use(page, click("Done", `!document.querySelector("dialog")`));
  await until(page, `document.querySelector("#side .bar .name").textContent === "1"`);
  // What it says leads to why it says so.
  await page.click("#side .bar a");
  await until(page, `${address("#/why?")} && ${address("class=1")}`);
  // There is no camera here, which is said.
  await use(page, click("Camera", text("#side .status.wrong", "Cannot use the camera")));
});

pageTest("a click on a block, a patch or a point of the map leads on", async (page, url) => {
  await until(page, `document.querySelector(".block")`);
  await page.click('.block[data-path="pool1"] polygon');
  await until(page, `${address("#/layer?")} && ${address("layer=pool1")}`);
  await page.goto(`${url}#/unit?layer=conv1&unit=2`);
  await until(page, `document.querySelectorAll(".strip figure").length === 9`, 60);
  await page.click(".strip figure:nth-child(2) a");
  await until(
    page,
    `/image=test/.test(location.hash) && !document.querySelector(".photo .box").hidden`,
  );
  await page.goto(`${url}#/space`);
  await until(page, mapped, 60);
  // Some point lies near the middle of the cloud.
  const plot = (await (await page.$(".plot canvas"))!.boundingBox())!;
  for (let i = 0; i < 400; i++) {
    const [x, y] = [0.3 + 0.02 * (i % 20), 0.3 + 0.02 * Math.floor(i / 20)];
    await page.mouse.click(plot.x + x * plot.width, plot.y + y * plot.height);
    if (await page.evaluate(address("index="))) break;
  }
  await until(page, `document.querySelectorAll(".strip figure").length === 18`, 30);
  const index = await page.evaluate("location.hash");
  assertMatch(`${index}`, /index=\d+/);
});

webTest(
  "the picture that the task was given comes back, and a class of a thousand is found",
  async () => {
    const { browser } = await opened();
    await using server = await startTask("explore", [
      ...["--weights", sharedPath("squeezenet1_0-imagenet.safetensors")],
      ...["--image", sharedPath("photos/chelsea.png")],
      ...["--classes", sharedPath("imagenet-classes.txt")],
    ]);
    const faults: string[] = [];
    const page = await openPage(browser, `${server.url}#/why`, faults);
    await until(page, `document.querySelector("#side .bar")`, 60);
    const file = await page.$('input[type="file"]');
    await (file as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(
      "examples/gallery/filters.png",
    );
    await until(page, address("image=own"));
    await use(page, click("The first one", address("image=file")));
    await use(page, fill("Class", "Egyptian", `${address("class=285")}`));
    await until(page, `${text(".class h3", "Egyptian cat")} && ${quiet}`, 60);
    // The page says that there is no such class, and stays as it is.
    await page.$eval('.class input[type="search"]', (one) => {
      (one as unknown as { value: string }).value = "no such class at all";
      one.dispatchEvent(new Event("change"));
    });
    assertEquals(await page.evaluate(address("class=285")), true);
    await page.close();
    assertEquals(faults, []);
  },
  missing ?? (hasSharedData ? null : "../shared/data cannot be read"),
);

lastTest();
