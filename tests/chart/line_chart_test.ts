// The picture of several lines side by side.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type LineChart, lineChartSvg, type LinePanel } from "../../lib/chart/line_chart.ts";

const panel: LinePanel = {
  x: "steps",
  y: "loss in nats",
  lines: [
    {
      name: "tanh",
      points: [[0, 2], [10, 1]],
      thin: [[[0, 2.1], [10, 0.9]], [[0, 1.9], [10, 1.1]]],
    },
    { name: "ReLU", points: [[0, 2], [10, 0.512]] },
  ],
};
const share: LinePanel = {
  x: "epoch",
  y: "accuracy",
  percent: true,
  lines: [{ name: "ReLU", points: [[1, 0.5], [2, 0.987]] }],
};
const chart: LineChart = { title: "Two activations", panels: [panel, share] };

/** The text of each `<text>` element. */
function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);
}

/** How many lines without a fill are drawn in a color at a width. */
function strokes(svg: string, color: string, width: number): number {
  return [...svg.matchAll(/<path [^>]*>/g)].filter(([path]) =>
    path.includes(`stroke="${color}"`) && path.includes(`fill="none"`) &&
    (width === 1 ? !path.includes("stroke-width=") : path.includes(`stroke-width="${width}"`))
  ).length;
}

Deno.test("lineChartSvg writes heading, axes, legend and last values", async () => {
  const words = texts(await lineChartSvg(chart));
  for (const word of ["Two activations", "steps", "loss in nats", "epoch", "accuracy"]) {
    assertEquals(words.filter((one) => one === word).length, 1, word);
  }
  // Once in the legend, though in two panels.
  assertEquals(words.filter((one) => one === "ReLU").length, 1);
  for (const value of ["1", "0.512", "98.7 %"]) assert(words.includes(value), value);
});

Deno.test("lineChartSvg puts long names into rows above the panels, which move down", async () => {
  const lines = ["dense 784-75-75-10", "LeNet-5 (ReLU)", "ConvNet, maximum of each map"]
    .map((name) => ({ name, points: [[0, 0], [1, 1]] as const }));
  const svg = await lineChartSvg({ title: "Names", panels: [{ x: "x", y: "y", lines }] });
  assert(svg.startsWith('<svg width="484" height="442"'));
  const topOf = (text: string): number => {
    const [, y] = new RegExp(`<text[^>]*translate\\([\\d.]+ ([\\d.]+)\\)[^>]*>${text}<`).exec(svg)!;
    return Number(y);
  };
  assert(topOf("ConvNet, maximum of each map") > topOf("LeNet-5 .ReLU."));
  assert(topOf("ConvNet, maximum of each map") < 88 + 22);
});

Deno.test("lineChartSvg draws means thick and single runs thin, each name in one color", async () => {
  const svg = await lineChartSvg(chart);
  assertEquals(strokes(svg, "#0072b2", 2.25), 1);
  assertEquals(strokes(svg, "#0072b2", 1), 2);
  assertEquals(strokes(svg, "#d55e00", 2.25), 2);
});

Deno.test("lineChartSvg is as wide as it has panels, small, and needs nothing but itself", async () => {
  const svg = await lineChartSvg(chart);
  assert(svg.startsWith('<svg width="968" height="420"'));
  assert((await lineChartSvg({ ...chart, panels: [share] })).startsWith('<svg width="484"'));
  assert(!/<script|<image|href=|@import|url\(http/.test(svg));
  const points = Array.from({ length: 300 }, (_, i) => [i, Math.sin(i)] as const);
  const long = { ...panel, lines: [{ name: "sine", points }] };
  assert((await lineChartSvg({ title: "", panels: [long] })).length < 12_000);
});

Deno.test("lineChartSvg draws a single point, and lines beyond the span", async () => {
  const point: LinePanel = { ...share, lines: [{ name: "one", points: [[0, 0.25]] }] };
  assert(texts(await lineChartSvg({ title: "", panels: [point] })).includes("25 %"));
  const odd = { ...share, lines: [{ name: "one", points: [[0, 0.2637]] as const }] };
  assert(texts(await lineChartSvg({ title: "", panels: [odd] })).includes("26.37 %"));
  const bare = await lineChartSvg({ title: "", panels: [{ ...odd, lastValues: false }] });
  assert(!texts(bare).includes("26.37 %"));
  const cut = await lineChartSvg({ title: "", panels: [{ ...panel, span: { from: 0, to: 1 } }] });
  assert(texts(cut).includes("0.8") && !texts(cut).includes("1.5"));
});

Deno.test("lineChartSvg refuses what cannot be drawn", async () => {
  const refuses = async (panels: readonly LinePanel[], message: string): Promise<void> => {
    await assertRejects(() => lineChartSvg({ title: "", panels }), RangeError, message);
  };
  await refuses([], "must have 1 to 3 panels, got 0");
  await refuses([panel, panel, panel, panel], "got 4");
  await refuses([{ ...panel, lines: [] }], 'got none in the panel "loss in nats"');
  await refuses(
    [{ ...panel, lines: [{ name: "a", points: [[0, NaN]] }] }],
    'must be finite numbers, got NaN in the panel "loss in nats"',
  );
  await refuses(
    [{ ...panel, lines: [{ name: "a", points: [[0, 1]], thin: [[[0, Infinity]]] }] }],
    "got Infinity",
  );
});

Deno.test("an axis that ends between round numbers is labeled in a few digits", async () => {
  const lines = [{ name: "steps", pale: true, points: [[0, 2], [88 / 469, 1]] }] as const;
  const panels = [{ x: "epoch", y: "loss in nats", lines }];
  const words = texts(await lineChartSvg({ title: "Begun", panels }));
  assert(words.includes("0.188"), `${words}`);
});
