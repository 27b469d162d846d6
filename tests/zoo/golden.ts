// `deno task test:zoo`: the larger networks answer what torchvision's do.
import { gpuTest } from "../device/adapter.ts";
import { assertAsTorchvision, GOLDEN_MODELS } from "./torchvision.ts";

for (const name of GOLDEN_MODELS) {
  gpuTest(`${name} answers what torchvision's network does`, () => assertAsTorchvision(name));
}
