// `deno task test:zoo`: a trained ResNet-20, trained on in float32 and in mixed precision, recognizes as much.
import { assertAlmostEquals, assertEquals } from "@std/assert";
import * as nc from "../../mod.ts";
import { preprocessings } from "../../lib/image/mod.ts";
import { sharedDataTest, sharedPath } from "../shared_data.ts";

sharedDataTest(
  "ResNet-20 trained on in mixed precision is within 0.3 points of float32",
  async () => {
    await nc.start();
    const { train, test } = await nc.cifar10({ dataDir: sharedPath("cifar10") });
    const { mean, std } = preprocessings.cifar;
    const optimizer = nc.sgd({ learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4 });
    const accuracies: number[] = [];
    for (const precision of ["float32", "mixed"] as const) {
      const network = await nc.open(sharedPath("resnet20-cifar10.safetensors"));
      const { model } = network;
      const shape = [32, 32, 3];
      const options = {
        from: nc.beginTraining(model, optimizer, nc.key(0), shape, { network, precision }),
        precision,
        optimizer,
        batchSize: 128,
        validation: test,
        normalize: { mean, std },
        augment: nc.augment.parseAugmentations("crop:4,flip"),
      };
      for await (const report of nc.fit(model, nc.takeExamples(train, 2560), options)) {
        const { valAccuracy = NaN, skippedSteps = 0 } = report;
        console.log(`${precision}: ${(100 * valAccuracy).toFixed(2)} %`);
        assertEquals(skippedSteps, 0);
        accuracies.push(valAccuracy);
        nc.disposeTraining(report.network);
      }
    }
    assertAlmostEquals(accuracies[1]!, accuracies[0]!, 0.003);
  },
);
