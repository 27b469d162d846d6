// Which misspelt names are recognized, and the sentence about those that are not known.
import { assertEquals } from "@std/assert";
import { nearest, unknownName } from "../../lib/text/nearest.ts";

const MODELS = ["lenet5", "alexnet", "chapter-mnist"];

Deno.test("nearest finds a name with letters missing, added, changed or in another case", () => {
  assertEquals(nearest("lenet", MODELS), "lenet5");
  assertEquals(nearest("lenet55", MODELS), "lenet5");
  assertEquals(nearest("alxenet", MODELS), "alexnet");
  assertEquals(nearest("LeNet5", MODELS), "lenet5");
  assertEquals(nearest("chapter_mnist", MODELS), "chapter-mnist");
});

Deno.test("nearest finds a name by its beginning of three letters or more", () => {
  assertEquals(nearest("chap", MODELS), "chapter-mnist");
  assertEquals(nearest("ep", ["epochs"]), undefined);
});

Deno.test("nearest prefers an exact name to one that it begins", () => {
  assertEquals(nearest("resnet1", ["resnet18", "resnet1"]), "resnet1");
});

Deno.test("nearest finds nothing if no name is near", () => {
  assertEquals(nearest("transformer", MODELS), undefined);
  assertEquals(nearest("", MODELS), undefined);
  assertEquals(nearest("x", ["y"]), "y");
  assertEquals(nearest("lenet", []), undefined);
});

Deno.test("unknownName names the kind, the nearest and all that are known", () => {
  assertEquals(
    unknownName("model", "lenet", MODELS),
    'unknown model "lenet": did you mean "lenet5"? known: lenet5, alexnet, chapter-mnist',
  );
  assertEquals(
    unknownName("model", "gpt", MODELS),
    'unknown model "gpt": known: lenet5, alexnet, chapter-mnist',
  );
  assertEquals(unknownName("model", 'a"b\n', ["c"]), 'unknown model "a\\"b\\n": known: c');
});
