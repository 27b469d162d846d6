// `deno task test:zoo`: every model runs forward and trains at its own size, in a process of its own.
import { assert, assertEquals, assertLess } from "@std/assert";
import { models } from "../../mod.ts";
import type { ZooLine } from "../../tasks/bench/jobs/job.ts";
import { runJob } from "../../tasks/bench/run_job.ts";
import { gpuTest } from "../device/adapter.ts";

/** Milliseconds that a model may take: VGG-19 takes half a minute on two cores. */
const LIMIT = 600_000;

for (const model of Object.keys(models)) {
  gpuTest(`${model}'s loss falls over five steps on one image of its own size`, async () => {
    const job = { job: "zoo", model } as const;
    const { results: [line], reason } = await runJob<ZooLine>(job, { limit: LIMIT });
    assertEquals(reason, undefined);
    const { losses, inputShape } = line!;
    assertEquals(inputShape, models[model]!.inputShape);
    assert(losses.every(Number.isFinite), `${losses}`);
    assertLess(losses.at(-1)!, losses[0]!, `${losses}`);
  });
}
