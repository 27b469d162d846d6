// Many pages at once, pages that are closed, and a server that is started again.
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { activations, toInputs } from "../../lib/explain/mod.ts";
import { mnist, predict, readExamples, tf } from "../../mod.ts";
import { openPage } from "../browser/chromium.ts";
import { startTask } from "./task_server.ts";
import {
  barsOf,
  lastTest,
  library,
  opened,
  pageTest,
  textOf,
  until,
  webTest,
} from "./in_browser.ts";

pageTest("while one page dreams, another sees what the library sees", async (page, url) => {
  await until(page, `document.querySelector(".begin")`);
  await page.click(".begin");
  await until(page, `/Step \\d/.test(document.querySelector(".making").textContent)`);
  const { browser } = await opened();
  const other = await openPage(browser, `${url}#/layer?layer=pool2&order=number`, []);
  await until(other, `document.querySelectorAll(".tile").length === 16`);
  const { network, x } = await library();
  const means = await tf.mean(activations(network, x, ["pool2"]).get("pool2")!, [0, 1, 2]).data();
  const texts = await other.$$eval(".tile .line span", (all) => all.map((one) => one.textContent!));
  texts.forEach((text, i) => assertAlmostEquals(Number(text.split(":")[1]), means[i]!, 0.006));
  await other.close();
  assertEquals(await page.evaluate(`document.querySelector(".stop").disabled`), false);
  await page.click(".stop");
  await until(page, `document.querySelector(".making p").textContent.startsWith("Stopped")`);
}, { hash: "#/dream?layer=conv2&steps=500&size=256" });

webTest("ten pages at once all see their layer", async () => {
  const { url, browser } = await opened();
  const faults: string[] = [];
  const pages = await Promise.all(
    Array.from(
      { length: 10 },
      (_, i) => openPage(browser, `${url}#/layer?layer=conv1&image=test:${i}`, faults),
    ),
  );
  await Promise.all(
    pages.map((page) => until(page, `document.querySelectorAll(".tile").length === 6`)),
  );
  const said = await Promise.all(pages.map((page) => textOf(page, "#side .bar .name")));
  const { network } = await library();
  const digits = (await readExamples((await mnist()).test)).images.subarray(0, 7840);
  const ten = tf.tensor4d(Float32Array.from(digits), [10, 28, 28, 1]);
  const inputs = toInputs(tf.div(ten, 255), network.preprocessing);
  assertEquals(said.map(Number), await tf.argMax(predict(network, inputs), 1).array());
  await Promise.all(pages.map((page) => page.close()));
  assertEquals(faults, []);
});

webTest(
  "a page that is closed in the middle of a dream leaves the device to others",
  async () => {
    const { url, browser } = await opened();
    const faults: string[] = [];
    const first = await openPage(browser, `${url}#/dream?layer=conv2&steps=500&size=512`, faults);
    await until(first, `document.querySelector(".begin")`);
    await first.click(".begin");
    await until(first, `/Step \\d/.test(document.querySelector(".making").textContent)`);
    await first.close();
    const second = await openPage(browser, `${url}#/dream?layer=conv1&steps=1&octaves=1`, faults);
    await until(second, `document.querySelector(".begin")`);
    await second.click(".begin");
    await until(second, `document.querySelector(".making p").textContent.startsWith("Done")`, 20);
    await second.close();
    assertEquals(faults, []);
  },
);

webTest(
  "a server that is started again finds its pages, and gets their pictures again",
  async () => {
    const { browser } = await opened();
    const server = await startTask("explore");
    const page = await openPage(browser, `${server.url}#/layer?layer=conv1`, []);
    await until(page, `document.querySelectorAll(".tile").length === 6`);
    const file = await page.$('input[type="file"]');
    await (file as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(
      "examples/gallery/filters.png",
    );
    await until(page, `location.hash.includes("image=own")`);
    await until(page, `document.querySelector("#side .small").textContent.includes("picture.png")`);
    const before = await barsOf(page, "#side");
    await server.stop();
    await until(page, `document.querySelector("#connection").textContent.includes("lost")`);
    await using again = await startTask("explore", [], server.port);
    await until(
      page,
      `document.querySelector("#connection").textContent === "" && document.querySelector("#side .bar")`,
      20,
    );
    await until(page, `document.querySelectorAll(".tile").length === 6`);
    assertEquals(await barsOf(page, "#side"), before);
    assertEquals(again.port, server.port);
    await page.close();
  },
);

lastTest();
