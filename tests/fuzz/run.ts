// `deno task test:fuzz`: random networks on every backend, and damaged files to every parser.
import { parseArgs } from "@std/cli/parse-args";
import { stop } from "../../mod.ts";
import { kindsOf, runFiles } from "./files/campaign.ts";
import { FORMATS } from "./files/formats.ts";
import type { FilesReport } from "./files/worker.ts";
import { type NetworksReport, runNetworks } from "./networks/campaign.ts";
import { missingOps } from "./networks/spec.ts";
import { SUBJECTS } from "./networks/subjects.ts";

const HELP = `Runs random networks on every backend, and gives damaged files to every parser.

  deno task test:fuzz [--seed 0] [--only networks|files|JPEG|…]

  --seed S         of networks and damages; the same seed runs the same (0)
  --start N        the number of the first network: where to go on (0)
  --graphs N       networks (2000)
  --mutations N    damages of each kind of file (10000)
  --only PART      networks, files, or one kind of file by its name ("JPEG") alone
  --report FILE    writes what was done and found as JSON, after every 20 networks

Ctrl-C ends it with a report of what was done. The exit code is 1 if a fault was found.`;

const flags = parseArgs(Deno.args, {
  string: ["seed", "start", "graphs", "mutations", "only", "report"],
  boolean: ["help"],
});

function count(name: "seed" | "start" | "graphs" | "mutations", otherwise: number): number {
  const value = flags[name] === undefined ? otherwise : Number(flags[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(
    `Cannot use --${name}: it must be a whole number from 0, got ${flags[name]}`,
  );
}

let interrupted = false;
let peak = 0;
const began = performance.now();

function secondsSince(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(0)} s`;
}

/** Notes the process's memory. */
function look(): number {
  const { rss } = Deno.memoryUsage();
  peak = Math.max(peak, rss);
  return rss;
}

function saveReport(report: unknown): void {
  if (flags.report) Deno.writeTextFileSync(flags.report, JSON.stringify(report, null, 2));
}

async function networks(): Promise<NetworksReport> {
  const [graphs, start] = [count("graphs", 2000), count("start", 0)];
  const missing = missingOps();
  if (missing.length > 0) console.log(`Layers that are not drawn: ${missing.join(", ")}`);
  let told = 0;
  const report = await runNetworks({
    seed: count("seed", 0),
    start,
    graphs,
    subjects: SUBJECTS,
    progress(report) {
      for (; told < report.faults.length; told++) {
        const { graph, subject, what, shrunk, shrunkWhat } = report.faults[told]!;
        console.log(
          `FAULT in network ${graph} on ${subject}: ${what}\n  smallest: ${shrunk}\n  ${shrunkWhat}`,
        );
      }
      const done = report.graphs + report.refused;
      if (done % 20 === 0) {
        saveReport({ networks: report });
        console.log(
          `${done} of ${graphs} networks, next --start ${
            start + done
          }; ${report.tensors} tensors, ${report.faults.length} faults, ${secondsSince(began)}, ${
            (look() / 2 ** 20).toFixed(0)
          } MB`,
        );
      }
      return interrupted;
    },
  });
  return report;
}

async function files(): Promise<FilesReport[]> {
  const mutations = count("mutations", 10_000);
  let told = 0;
  const reports = await runFiles({
    seed: count("seed", 0),
    mutations,
    ...(flags.only && flags.only !== "files" ? { format: flags.only } : {}),
    progress(reports) {
      look();
      const { format, damages, accepted, faults } = reports.at(-1)!;
      if (damages === mutations || performance.now() - told > 10_000) {
        told = performance.now();
        console.log(
          `${format}: ${damages} of ${mutations}, ${accepted} accepted, ${faults.length} faults, ${
            secondsSince(began)
          }`,
        );
      }
      return interrupted;
    },
  });
  for (
    const { format, damage, how, what, count } of kindsOf(reports.flatMap(({ faults }) => faults))
  ) {
    console.log(`FAULT in ${format}, damage ${damage} (${how}), ${count} such: ${what}`);
  }
  return reports;
}

/** A table of what was done, for docs/campaign.md. */
function filesTable(reports: readonly FilesReport[]): string {
  const rows = reports.map((one) =>
    `| ${one.format} | ${one.damages} | ${one.accepted} | ${one.refused} | ${
      one.slowest.toFixed(0)
    } ms | ${(100 * one.memory).toFixed(0)} % | ${one.faults.length} |`
  );
  return [
    "| file | damages | accepted | refused | slowest | of the memory allowed | faults |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

async function main(): Promise<void> {
  if (flags.help) return console.log(HELP);
  const parts = ["networks", "files", ...FORMATS.map(({ name }) => name)];
  if (flags.only && !parts.includes(flags.only)) {
    throw new RangeError(
      `Cannot use --only: it must be one of ${parts.join(", ")}, got ${flags.only}`,
    );
  }
  Deno.addSignalListener("SIGINT", () => {
    if (interrupted) Deno.exit(130);
    interrupted = true;
  });
  const report: { networks?: NetworksReport; files?: FilesReport[] } = {};
  if (flags.only !== "networks" && !interrupted) report.files = await files();
  if ((!flags.only || flags.only === "networks") && !interrupted) {
    report.networks = await networks();
  }
  stop();
  saveReport(report);
  if (report.files) console.log(filesTable(report.files));
  if (report.networks) console.log(JSON.stringify(report.networks, null, 2));
  const { files: found = [], networks: drawn } = report;
  const faults = found.flatMap(({ faults }) => faults).length + (drawn?.faults.length ?? 0);
  console.log(
    `${faults} faults in ${secondsSince(began)}, at most ${(peak / 2 ** 20).toFixed(0)} MB`,
  );
  Deno.exit(faults > 0 ? 1 : 0);
}

await main();
