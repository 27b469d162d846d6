// `deno task test:zoo`: the larger networks have the outputs of torchvision's.
import { gpuTest } from "../device/adapter.ts";
import { assertAsTorchvision, GOLDEN_MODELS } from "./torchvision.ts";

for (const name of GOLDEN_MODELS) {
  gpuTest(`${name} has the outputs of torchvision's network`, () => assertAsTorchvision(name));
}
