// The smaller networks answer what torchvision's do; `deno task test:zoo` compares the larger ones.
import { gpuTest } from "../device/adapter.ts";
import { assertAsTorchvision } from "../zoo/torchvision.ts";

for (const name of ["squeezenet", "resnet18"]) {
  gpuTest(`${name} answers what torchvision's network does`, () => assertAsTorchvision(name));
}
