// SqueezeNet and a photo of a cat: the times from a click to the picture.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { openPage } from "../browser/chromium.ts";
import { hasSharedData, sharedPath } from "../shared_data.ts";
import { startTask } from "./task_server.ts";
import { lastTest, missing, opened, out, textOf, until, webTest } from "./in_browser.ts";

/** SqueezeNet on a photo: what a large network looks like, with the time from a click to the picture. */
webTest("SqueezeNet sees a cat", async () => {
  const { browser } = await opened();
  await using server = await startTask("explore", [
    "--weights",
    sharedPath("squeezenet1_0-imagenet.safetensors"),
    "--image",
    sharedPath("photos/chelsea.png"),
    "--classes",
    sharedPath("imagenet-classes.txt"),
  ]);
  const faults: string[] = [];
  const page = await openPage(browser, `${server.url}#/network`, faults);
  await page.setViewport({ width: 1280, height: 900 });
  await until(page, `document.querySelector("#side .bar")`, 60);
  assertStringIncludes(await textOf(page, "#side .bar .name"), "tabby");
  await page.screenshot({ path: `${out}/squeezenet_network.jpg`, quality: 85 });
  const timed = async (hash: string, done: string): Promise<number> => {
    const begin = performance.now();
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await until(page, done, 60);
    return (performance.now() - begin) / 1000;
  };
  const times: Record<string, number> = {};
  times.maps = await timed(
    "#/layer?image=file&layer=conv1",
    `document.querySelectorAll(".tile").length > 50`,
  );
  await page.screenshot({ path: `${out}/squeezenet_layer.jpg`, quality: 85 });
  times.saliency = await timed(
    "#/why?image=file",
    `document.querySelector(".class canvas:not([hidden])")`,
  );
  times["Grad-CAM"] = await timed(
    "#/why?image=file&method=grad-cam&class2=285",
    `document.querySelector(".class h3")?.textContent.startsWith("Grad-CAM") && document.querySelector(".class2 h3")?.textContent.startsWith("Grad-CAM")`,
  );
  await page.screenshot({ path: `${out}/squeezenet_why.jpg`, quality: 85 });
  times.fgsm = await timed(
    "#/fool?image=file",
    `document.querySelector(".verdict")?.textContent.includes("taken for")`,
  );
  await page.screenshot({ path: `${out}/squeezenet_fool.jpg`, quality: 85 });
  await timed("#/dream?image=file", `document.querySelector(".begin")`);
  const begin = performance.now();
  await page.click(".begin");
  await until(page, `/Step \\d/.test(document.querySelector(".making").textContent)`, 60);
  times["first dream step"] = (performance.now() - begin) / 1000;
  await page.click(".stop");
  await until(page, `document.querySelector(".making p").textContent.startsWith("Stopped")`, 60);
  await page.screenshot({ path: `${out}/squeezenet_dream.jpg`, quality: 85 });
  console.log(
    Object.entries(times).map(([name, seconds]) => `${name} ${seconds.toFixed(2)} s`).join(", "),
  );
  await page.close();
  assertEquals(faults, []);
}, missing ?? (hasSharedData ? null : "../shared/data cannot be read"));

lastTest();
