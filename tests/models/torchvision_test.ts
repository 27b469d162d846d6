// The smaller networks have the outputs of torchvision's; `deno task test:zoo` compares the larger ones.
import { gpuTest } from "../device/adapter.ts";
import { assertAsTorchvision } from "../zoo/torchvision.ts";

for (const name of ["squeezenet", "resnet18"]) {
  gpuTest(`${name} has the outputs of torchvision's network`, () => assertAsTorchvision(name));
}
