// The pictures that the explorer takes, and the screens on which it is seen.
import { assert, assertEquals } from "@std/assert";
import { lastTest, out, pageTest, until } from "./in_browser.ts";

pageTest("a digit is drawn by the mouse, and looked at", async (page) => {
  await until(page, `document.querySelector("#side .bar")`);
  await page.click(".draw");
  const box = (await (await page.$(".pad"))!.boundingBox())!;
  await page.mouse.move(box.x + 140, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + 140, box.y + 230, { steps: 8 });
  await page.mouse.up();
  await until(page, `location.hash.includes("image=own")`);
  await until(page, `document.querySelector("#side .bar .name").textContent === "1"`);
  await page.screenshot({ path: `${out}/draw.png` });
});

pageTest("a file is opened; one that is no picture is refused in words", async (page) => {
  await until(page, `document.querySelector("#side .bar")`);
  const file = await page.$('input[type="file"]');
  await Deno.writeTextFile(`${out}/none.png`, "This is no picture.");
  await (file as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(
    `${out}/none.png`,
  );
  await until(
    page,
    `document.querySelector("#side .status.wrong")?.textContent.includes("Cannot")`,
  );
  assertEquals(await page.evaluate("location.hash.includes('own')"), false);
  await (file as unknown as { uploadFile(path: string): Promise<void> }).uploadFile(
    "examples/gallery/filters.png",
  );
  await until(page, `location.hash.includes("image=own")`);
  await until(page, `document.querySelector("#side .small").textContent.includes("picture.png")`);
}, { faults: /status of 415/ });

pageTest(
  "on a phone nothing is wider than the screen, in the dark it is dark",
  async (page, url) => {
    await page.setViewport({ width: 360, height: 740 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    for (const view of ["network", "layer", "unit", "why", "fool", "dream", "invert", "space"]) {
      await page.goto(`${url}#/${view}`);
      await until(page, `document.querySelector("#main.${view} h2")`);
      await until(page, `document.querySelector("#side .bar")`);
      const width = await page.evaluate("document.documentElement.scrollWidth");
      assert(Number(width) <= 360, `${view}: ${width}`);
      if (view === "why") await page.screenshot({ path: `${out}/phone.png` });
    }
    assertEquals(
      await page.evaluate("getComputedStyle(document.body).backgroundColor"),
      "rgb(15, 20, 25)",
    );
    const unnamed = await page.evaluate(
      `[...document.querySelectorAll("canvas, button, input, select")]
    .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.closest("label") || one.closest(".plot"))).map((one) => one.outerHTML)`,
    );
    assertEquals(unnamed, []);
  },
);

lastTest();
