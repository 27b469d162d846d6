// `deno task explain compare`: methods of attribution by a number, in a table.
import {
  type Attribution,
  infidelity,
  type PerturbationCurves,
  perturbationCurves,
} from "../../lib/explain/mod.ts";
import { requireRules } from "../../lib/explain/attribution/relevance_rules.ts";
import { placedLayers } from "../../lib/explain/placed_layers.ts";
import { lineChartSvg } from "../../lib/chart/line_chart.ts";
import { grid } from "../../lib/image/mod.ts";
import { unknownName } from "../../lib/text/nearest.ts";
import { table } from "../../lib/text/table.ts";
import { key } from "../../mod.ts";
import { choice, count, text, UsageError, type Values } from "../command.ts";
import { say } from "../command/say.ts";
import { attributionPicture } from "../../lib/explain/mod.ts";
import {
  baselineOf,
  BASELINES,
  type Explanation,
  explanationFlags,
  openExplanation,
} from "../pictures/explanation.ts";
import { outputFlags, seedFlag } from "../pictures/flags.ts";
import { enlarged, type PictureSettings } from "../pictures/picture_folder.ts";
import { stepProgress } from "../progress.ts";
import { METHODS } from "./compare_methods.ts";

/** What the subcommand takes. */
export const command = {
  name: "explain compare",
  summary:
    "Compares methods by numbers: how a class's probability falls when the pixels they name are deleted, rises when these are inserted, and how well they predict what covering parts costs.",
  flags: {
    ...explanationFlags,
    methods: text({
      help: `methods, separated by commas: ${Object.keys(METHODS).join(", ")}`,
      defaultText: "all",
    }),
    steps: count({ min: 1, default: 25, help: "steps of deletion and insertion" }),
    samples: count({ min: 1, default: 50, help: "parts that are covered for infidelity" }),
    baseline: choice(BASELINES, {
      default: "blur",
      help: "what stands in the place of deleted pixels, as in explain integrated-gradients",
    }),
    seed: seedFlag,
    ...outputFlags("explain-compare"),
  },
  examples: [
    ["deno task explain compare", "a test image, with the LeNet-5 of the project"],
    [
      "deno task explain compare --methods lrp,grad-cam,random --image cat.png --weights squeezenet1_0.safetensors",
      "a photo",
    ],
  ],
} as const;

/** The names that `--methods` lists. */
function chosen(flag: string | undefined): string[] {
  const names = flag?.split(",").map((name) => name.trim()) ?? Object.keys(METHODS);
  const wrong = names.find((name) => !Object.hasOwn(METHODS, name));
  if (wrong === undefined) return [...new Set(names)];
  throw new UsageError(unknownName("--methods", wrong, Object.keys(METHODS)));
}

/** What was found of a method. */
type Judgement = {
  readonly name: string;
  readonly found: Attribution;
  readonly curves: PerturbationCurves;
  readonly unexplained: number;
};

/** Writes the table, the curves and the maps. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const { steps, samples, seed } = flags;
  const names = chosen(flags.methods);
  const explanation = await openExplanation(
    command.name,
    flags,
    ({ model, inputShape }) =>
      names.includes("lrp") && requireRules(placedLayers(model, inputShape)),
  );
  const { network, x, objective, name: target, index } = explanation;
  const baseline = baselineOf(flags.baseline, explanation);
  const judgements: Judgement[] = [];
  const progress = stepProgress("Methods");
  try {
    for (const name of names) {
      progress.step(judgements.length, names.length);
      const found = await METHODS[name]!.run({ ...explanation, baseline, seed });
      const [curves] = await perturbationCurves(network, x, index!, found, { baseline, steps });
      const [judged] = await infidelity(network, x, objective, found, {
        baseline,
        samples,
        key: key(seed),
      });
      judgements.push({ name, found, curves: curves!, unexplained: judged!.unexplained });
    }
  } finally {
    progress.stop();
  }
  const scores = judgements.map(({ name, curves: { deletion, insertion }, unexplained }) => ({
    method: name,
    deletion: deletion.area,
    insertion: insertion.area,
    unexplained,
  }));
  say(tableOf(scores));
  const record = { target, steps, samples, baseline: flags.baseline, seed, scores };
  await showCurves(explanation, judgements, record);
  await showMaps(explanation, judgements, record);
  await explanation.folder.finish({ json: flags.json, scores: { target, methods: scores } });
}

type Score = {
  readonly method: string;
  readonly deletion: number;
  readonly insertion: number;
  readonly unexplained: number;
};

/** The table, best insertion minus deletion first. */
function tableOf(scores: readonly Score[]): string {
  const rows = scores.toSorted((a, b) => b.insertion - b.deletion - a.insertion + a.deletion);
  const heading = ["method", "deletion (low)", "insertion (high)", "unexplained (low)"];
  return table([
    heading,
    ...rows.map(({ method, deletion, insertion, unexplained }) => [
      method,
      deletion.toFixed(3),
      insertion.toFixed(3),
      unexplained.toFixed(3),
    ]),
  ], { heading: true, align: ["left", "right", "right", "right"] });
}

async function showCurves(
  { folder, name }: Explanation,
  judgements: readonly Judgement[],
  record: PictureSettings,
): Promise<void> {
  const panel = (which: keyof PerturbationCurves) => ({
    x: which === "deletion" ? "pixels deleted, in percent" : "pixels inserted, in percent",
    y: `probability of ${name}`,
    percent: true,
    span: { from: 0, to: 1 },
    lastValues: false,
    lines: judgements.map(({ name, curves }) => ({
      name,
      points: curves[which].shares.map((share, i) =>
        [100 * share, curves[which].scores[i]!] as const
      ),
    })),
  });
  const title = `Deletion and insertion of the pixels that count most for ${name}`;
  const panels = [panel("deletion"), panel("insertion")];
  await folder.saveFile("curves.svg", await lineChartSvg({ title, panels }), title, record);
}

async function showMaps(
  { folder, picture, name }: Explanation,
  judgements: readonly Judgement[],
  record: PictureSettings,
): Promise<void> {
  const maps = judgements.map(({ name, found }) =>
    enlarged(attributionPicture(found, { signed: METHODS[name]!.signed, share: 0.995 }))
  );
  const labels = ["input", ...judgements.map(({ name }) => name)];
  const sheet = grid([enlarged(picture.shown), ...maps], {
    labels,
    labelSize: 1,
    gap: 6,
    columns: 4,
  });
  await folder.save("maps", sheet, `What counts for ${name}, by each method`, record);
}
