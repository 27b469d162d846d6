// What is refused: damaged files, graphs that are none, weights that lie elsewhere. Nothing is on a device.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readOnnx } from "../../lib/onnx/mod.ts";
import { leaves, start } from "../../mod.ts";
import golden from "../golden/onnx_files.json" with { type: "json" };
import { decoded, onFile } from "./files.ts";

/** The error of a file, which must be of a known class and name the file. */
async function refusal(path: string): Promise<string> {
  const error = await assertRejects(() => readOnnx(path), Error);
  const known = [SyntaxError, RangeError, TypeError].some((one) => error instanceof one);
  assert(known, `${error}`);
  assertStringIncludes(error.message, `Cannot read ${path}: `);
  return error.message;
}

for (const [wanted, model] of Object.entries(golden.bad)) {
  Deno.test(`a bad ONNX file is refused with what is wrong: ${wanted}`, async () => {
    await onFile(decoded(model), async (path) => {
      assertStringIncludes(await refusal(path), wanted);
    });
  });
}

Deno.test("an ONNX file that is cut anywhere is refused", async () => {
  const whole = decoded(golden.good["shapes that are computed"].model);
  await onFile(whole, async (path) => {
    for (let length = 0; length < whole.length; length++) {
      await Deno.writeFile(path, whole.subarray(0, length));
      await refusal(path);
    }
  });
});

Deno.test("an ONNX file with a byte changed is read or refused, and nothing else", async () => {
  const whole = decoded(golden.good["Flatten and Gemm"].model);
  await onFile(whole, async (path) => {
    for (let at = 0; at < whole.length; at++) {
      await Deno.writeFile(path, whole.with(at, whole[at]! ^ 0x55));
      try {
        await readOnnx(path);
      } catch (error) {
        const known = [SyntaxError, RangeError, TypeError].some((one) => error instanceof one);
        assert(known, `byte ${at}: ${error}`);
        assertStringIncludes((error as Error).message, `Cannot read ${path}: `, `byte ${at}`);
      }
    }
  });
});

Deno.test("a length of 2 GB in an ONNX file of some bytes is refused at once", async () => {
  // Field 7, the graph, of 0x7fffffff bytes.
  await onFile(Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0xff, 0x07, 0, 0), async (path) => {
    assertStringIncludes(await refusal(path), "at byte");
  });
});

Deno.test("a file of another format is no ONNX file", async () => {
  await onFile(new TextEncoder().encode('{"model": 1}'), async (path) => void await refusal(path));
  await onFile(new Uint8Array(0), async (path) => void await refusal(path));
});

const { model, plain, numbers } = golden.external;

Deno.test("weights in a file beside an ONNX file are those in it", async () => {
  await start({ backend: "cpu" });
  await onFile(decoded(model), async (path, folder) => {
    await Deno.mkdir(`${folder}/weights`);
    await Deno.writeFile(`${folder}/weights/first.bin`, decoded(numbers));
    await Deno.writeFile(`${folder}/plain.onnx`, decoded(plain));
    const [one, other] = await Promise.all([path, `${folder}/plain.onnx`].map(async (file) => {
      const { params } = (await readOnnx(file)).build().load();
      return await leaves(params)[0]!.data();
    }));
    assertEquals(one, other);
  });
});

Deno.test("weights beside an ONNX file that are a link, cut or not there are refused", async () => {
  await onFile(decoded(model), async (path, folder) => {
    await assertRejects(() => readOnnx(path), Deno.errors.NotFound);
    await Deno.mkdir(`${folder}/weights`);
    await Deno.writeFile(`${folder}/elsewhere.bin`, decoded(numbers));
    await Deno.symlink(`${folder}/elsewhere.bin`, `${folder}/weights/first.bin`);
    assertStringIncludes(await refusal(path), "a link");
    await Deno.remove(`${folder}/weights/first.bin`);
    await Deno.writeFile(`${folder}/weights/first.bin`, decoded(numbers).subarray(1));
    assertStringIncludes(await refusal(path), "within the 31 bytes");
  });
});
