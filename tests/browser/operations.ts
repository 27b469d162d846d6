// What runs in the page: the operations of deno task selftest, and a LeNet-5 of 2,000 images.
import { registerKernels } from "../../lib/device/register.ts";
import * as nc from "../../mod.ts";
import { check } from "../../tasks/selftest/check.ts";
import { subjects } from "../../tasks/selftest/subjects.ts";

/**
 * Checks all operations by one form of the kernels.
 *
 * @param form which: for software adapters or for GPUs
 * @returns how many checks there were, and those that failed
 */
export async function checkOperations(
  form: "software" | "gpu",
): Promise<{ readonly count: number; readonly failed: readonly string[] }> {
  await nc.start();
  registerKernels(form === "software");
  let count = 0;
  const failed: string[] = [];
  for (const subject of subjects) {
    for (
      const { name, passed, where, worst, error } of await check(subject, { seed: 0, rounds: 1 })
    ) {
      count++;
      if (!passed) failed.push(`${name} (${form}): ${where} ${worst} ${error}`);
    }
  }
  return { count, failed };
}

/** Trains LeNet-5 on the first 2,000 images of MNIST for three epochs. */
export async function trainedAccuracy(dataDir: string | undefined): Promise<number> {
  await nc.start();
  const { train, test } = await nc.mnist(dataDir === undefined ? {} : { dataDir });
  const options = {
    epochs: 3,
    batchSize: 64,
    optimizer: nc.adam({ learningRate: 0.002 }),
    key: nc.key(0),
  };
  let accuracy = 0;
  for await (const { network } of nc.fit(nc.lenet5(), nc.takeExamples(train, 2000), options)) {
    ({ accuracy } = await nc.evaluate(network, nc.takeExamples(test, 2000)));
  }
  return accuracy;
}
