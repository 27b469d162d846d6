// Runs random networks on every backend, and reports which differ by more than rounding explains.
import { fold, key, stop } from "../../../mod.ts";
import { dataOf } from "./data.ts";
import { type Case, drawCase } from "./draw_network.ts";
import { judge, type Verdict } from "./judge.ts";
import { optimizerCode } from "./optimizer_spec.ts";
import { shrink } from "./shrink.ts";
import { codeOf, opsOf } from "./spec.ts";
import { compute, firstDifference, type Outcome, type Subject, use } from "./subjects.ts";

/** What is run. */
export type NetworksOptions = {
  readonly seed: number;
  /** The number of the first network. */
  readonly start: number;
  readonly graphs: number;
  readonly subjects: readonly Subject[];
  /** Called after each network; it ends the campaign by returning true. */
  readonly progress?: (report: NetworksReport) => boolean;
};

/** A network that a subject computes wrong. */
export type NetworkFault = {
  readonly graph: number;
  readonly subject: Subject;
  readonly what: string;
  readonly code: string;
  readonly shrunk: string;
  readonly shrunkWhat: string;
};

/** What was run, and what was found. */
export type NetworksReport = {
  readonly seed: number;
  readonly start: number;
  /** Networks compared. */
  graphs: number;
  /** Networks that all subjects refuse in the same words. */
  refused: number;
  /** Tensors compared, and those whose bound is over a hundredth of their largest number. */
  tensors: number;
  blunt: number;
  /** Networks in which rounding may decide a ReLU or a maximum either way. */
  undecided: number;
  /** The largest difference of each subject, as a share of its bound. */
  readonly worst: Partial<Record<Subject, number>>;
  /**
   * Networks whose recorded steps equal the plain ones in every bit, and those that do not: which is
   * a fault unless the plain call computed something on the host.
   */
  jitSame: number;
  jitDiffers: number;
  /** How often each layer, and each optimizer, was run by all subjects. */
  readonly layers: Record<string, number>;
  readonly optimizers: Record<string, number>;
  readonly batchOfOne: number;
  readonly onePixel: number;
  /** Networks with many channels. */
  wide: number;
  readonly faults: NetworkFault[];
};

/** A case, as a few lines of code. */
function caseCode(one: Case): string {
  return `${codeOf(one.model)} on [${[one.batch, ...one.shape]}]${
    one.coarse ? ", whole numbers" : ""
  }${one.onHost ? ", tiny ones on the host" : ""}, ${
    one.training ? "training" : "inference"
  }, ${one.loss}, ${one.steps} steps of ${optimizerCode(one.optimizer)}, seed ${one.seed}`;
}

/** What is wrong with a subject's outcome, if something is. */
function faultOf(verdict: Verdict): string | undefined {
  const first = verdict.faults[0];
  return first && `${first.what}: ${first.about}, ${first.ratio.toPrecision(3)} times its bound`;
}

/** Judges one subject's outcome beside the CPU backend's. */
function complaintOf(one: Case, outcome: Outcome, refusal: string | undefined): {
  readonly complaint?: string;
  readonly verdict?: Verdict;
} {
  if (outcome.error !== refusal) {
    return { complaint: outcome.error ?? `it does not refuse, as others do: ${refusal}` };
  }
  if (refusal !== undefined) return {};
  const verdict = judge(one, dataOf(one), outcome);
  const complaint = faultOf(verdict);
  return { verdict, ...(complaint ? { complaint } : {}) };
}

/** Runs the campaign. */
export async function runNetworks(options: NetworksOptions): Promise<NetworksReport> {
  const { seed, start, graphs, subjects, progress } = options;
  const report: NetworksReport = {
    seed,
    start,
    graphs: 0,
    refused: 0,
    tensors: 0,
    blunt: 0,
    undecided: 0,
    worst: {},
    jitSame: 0,
    jitDiffers: 0,
    layers: {},
    optimizers: {},
    batchOfOne: 0,
    onePixel: 0,
    wide: 0,
    faults: [],
  };
  for (let graph = start; graph < start + graphs; graph++) {
    // A fresh device, which forgets the programs of the last: each network has some of its own.
    if (graph % 100 === 99) stop();
    // Every third network is a wide one.
    const one = drawCase(fold(key(seed), graph), graph % 3 === 2);
    await runOne(one, graph, subjects, report);
    if (progress?.(report)) break;
  }
  return report;
}

type Counts = { -readonly [Name in keyof NetworksReport]: NetworksReport[Name] };

/** Runs one network, and counts it. */
async function runOne(
  one: Case,
  graph: number,
  subjects: readonly Subject[],
  report: Counts,
): Promise<void> {
  const outcomes = await computeAll(one, subjects);
  const [first] = subjects;
  // What all refuse, they refuse in the words of the first.
  const error = outcomes.get(first!)!.error;
  const refusal = error?.startsWith("RangeError: ") ? error : undefined;
  for (const subject of subjects) {
    const outcome = outcomes.get(subject)!;
    const plain = outcomes.get(subject.replace(" jit", "") as Subject);
    if (subject.endsWith("jit") && plain) {
      const difference = firstDifference(plain, outcome);
      if (difference === undefined) {
        report.jitSame++;
        continue; // What is right of one is right of the other.
      }
      report.jitDiffers++;
      if (!one.onHost) {
        const what = `${difference} is not that of the plain call to the last bit`;
        report.faults.push({
          graph,
          subject,
          what,
          code: caseCode(one),
          shrunk: caseCode(one),
          shrunkWhat: what,
        });
      }
    }
    const { complaint, verdict } = complaintOf(one, outcome, refusal);
    if (verdict) {
      report.tensors += verdict.tensors;
      report.blunt += verdict.blunt;
      if (subject === first && verdict.undecided > 0) report.undecided++;
      report.worst[subject] = Math.max(report.worst[subject] ?? 0, verdict.ratio);
    }
    if (complaint) report.faults.push(await faultIn(one, graph, subject, complaint, refusal));
  }
  if (refusal) {
    report.refused++;
    return;
  }
  report.graphs++;
  for (const op of opsOf(one.model)) report.layers[op] = (report.layers[op] ?? 0) + 1;
  const { kind } = one.optimizer;
  report.optimizers[kind] = (report.optimizers[kind] ?? 0) + 1;
  if (graph % 3 === 2) report.wide++;
  if (one.batch === 1) report.batchOfOne++;
  if (one.shape.length === 3 && one.shape[0] === 1 && one.shape[1] === 1) report.onePixel++;
}

async function computeAll(one: Case, subjects: readonly Subject[]): Promise<Map<Subject, Outcome>> {
  const data = dataOf(one);
  const outcomes = new Map<Subject, Outcome>();
  for (const subject of subjects) {
    await use(subject);
    outcomes.set(subject, await compute(one, data, subject));
  }
  return outcomes;
}

/** A fault, with the smallest network that shows one. */
async function faultIn(
  one: Case,
  graph: number,
  subject: Subject,
  what: string,
  refusal: string | undefined,
): Promise<NetworkFault> {
  let shrunkWhat = what;
  const isError = (complaint: string): boolean => /^\w*Error: /.test(complaint);
  const fails = async (smaller: Case): Promise<boolean> => {
    await use(subject);
    const outcome = await compute(smaller, dataOf(smaller), subject);
    const { complaint } = complaintOf(smaller, outcome, undefined);
    // Not another fault: numbers stay numbers, errors errors.
    if (complaint === undefined || isError(complaint) !== isError(what)) return false;
    if (isError(what) && complaint.slice(0, 30) !== what.slice(0, 30)) return false;
    shrunkWhat = complaint;
    return true;
  };
  const smallest = refusal === undefined ? await shrink(one, fails) : one;
  return { graph, subject, what, code: caseCode(one), shrunk: caseCode(smallest), shrunkWhat };
}
