// The sections of the bench, in their order.
import type { Bench } from "../bench.ts";
import type { Section } from "../settings.ts";
import { agreementSection, costSection } from "./checks.ts";
import { opsSection, startupSection, zooSection } from "./neocog_alone.ts";
import { growthSection, timeSection } from "./times.ts";

/**
 * Runs the sections that are wanted, the shortest first.
 *
 * @param bench the run
 * @param dir where files can be left
 */
export async function runSections(bench: Bench, dir: string): Promise<void> {
  const wanted = (...sections: Section[]): boolean =>
    !bench.over() && sections.some((section) => bench.settings.only.includes(section));
  if (wanted("startup")) await startupSection(bench, dir);
  if (wanted("agreement")) await agreementSection(bench);
  if (wanted("cost")) await costSection(bench);
  if (wanted("ops")) await opsSection(bench);
  if (wanted("training", "inference")) await timeSection(bench);
  if (wanted("growth")) await growthSection(bench);
  if (wanted("zoo")) await zooSection(bench);
}
