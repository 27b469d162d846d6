// The folder of pictures that explain and generate leave, and its page.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { findClass } from "../../tasks/pictures/opened_network.ts";
import { openPictureFolder } from "../../tasks/pictures/picture_folder.ts";

const dot = { width: 1, height: 1, channels: 1, pixels: new Float32Array([0.5]) } as const;

Deno.test("names become files beside each other, and what is shown is escaped", async () => {
  const dir = await Deno.makeTempDir();
  const settings = { model: "a & b", weights: "<w>" };
  const folder = await openPictureFolder({
    dir: `${dir}/x/`,
    title: "T <1>",
    task: "explain t",
    settings,
  });
  assertEquals(await folder.save("fire4/expand", dot, 'a "cat" <b>'), `${dir}/x/fire4-expand.png`);
  assertEquals(
    await folder.save("../../up", dot, "up", {
      seed: 3,
      score: 16.138893127441406,
      rows: [{ a: 1 }],
    }),
    `${dir}/x/up.png`,
  );
  await folder.saveFile("way.gif", new Uint8Array([1, 2]), "the way");
  await folder.finish({ json: false });
  const files = [...Deno.readDirSync(`${dir}/x`)].map(({ name }) => name).sort();
  assertEquals(files, [
    "fire4-expand.json",
    "fire4-expand.png",
    "index.html",
    "up.json",
    "up.png",
    "way.gif",
    "way.json",
  ]);
  assertEquals(JSON.parse(await Deno.readTextFile(`${dir}/x/up.json`)), {
    picture: "up.png",
    caption: "up",
    task: "explain t",
    model: "a & b",
    weights: "<w>",
    seed: 3,
    score: 16.138893127441406,
    rows: [{ a: 1 }],
  });
  const html = await Deno.readTextFile(`${dir}/x/index.html`);
  assertStringIncludes(html, "<h1>T &lt;1&gt;</h1>");
  assertStringIncludes(html, 'alt="a &quot;cat&quot; &lt;b&gt;"');
  assertStringIncludes(html, "model a &amp; b · weights &lt;w&gt;");
  assertStringIncludes(html, "<small>seed 3 · score 16.14</small>");
  assertStringIncludes(html, '<img src="way.gif"');
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a picture that is saved more than once is shown once, as it was saved last", async () => {
  const dir = await Deno.makeTempDir();
  const folder = await openPictureFolder({ dir, title: "T", task: "t", settings: {} });
  await folder.save("a", dot, "first");
  await folder.save("a", dot, "last");
  await folder.saveFile("a.gif", "GIF", "the way there");
  await folder.finish({ json: false });
  const [still, moving] = await Promise.all(
    ["a.json", "a.gif.json"].map(async (name) =>
      JSON.parse(await Deno.readTextFile(`${dir}/${name}`))
    ),
  );
  assertEquals([still.picture, moving.picture], ["a.png", "a.gif"]);
  const html = await Deno.readTextFile(`${dir}/index.html`);
  assertEquals(html.match(/<figure>/g)!.length, 2);
  assertStringIncludes(html, "<figcaption>last");
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a folder that is a file is refused before any work", async () => {
  const file = await Deno.makeTempFile();
  await assertRejects(
    () => openPictureFolder({ dir: file, title: "", task: "", settings: {} }),
    Error,
    `Cannot use the output directory ${file}`,
  );
  await Deno.remove(file);
});

Deno.test("a class is found by name, by the first of its names, or by number", async () => {
  const classNames = ["Ankle boot", "tabby, tabby cat", "3"];
  assertEquals(findClass({ classNames }, "ankle BOOT"), 0);
  assertEquals(findClass({ classNames }, "tabby"), 1);
  assertEquals(findClass({ classNames }, "1"), 1);
  // A name that is a number is a name.
  assertEquals(findClass({ classNames }, "3"), 2);
  const refused = async (flag: string): Promise<string> =>
    (await assertRejects(() => Promise.try(() => findClass({ classNames }, flag)))).message;
  assertStringIncludes(await refused("4"), "a number from 0 to 2 or a name, got 4");
  assertStringIncludes(await refused("ankel boot"), 'did you mean "Ankle boot"?');
});
