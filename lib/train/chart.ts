// Renders charts as SVG pictures, by a library that is fetched when one is wanted.

/** The parts of echarts that are used. Its own types would be loaded with the module. */
type Chart = {
  setOption(option: Record<string, unknown>): void;
  renderToSVGString(): string;
  dispose(): void;
};
type Charts = { init(element: null, theme: null, options: Record<string, unknown>): Chart };

// The bundle, as the package's modules want to read NODE_ENV. Not a literal inside `import()`:
// Deno fetches those when a program starts, and this is 12 MB that only a finished run needs.
const ECHARTS = "npm:echarts@6.1.0/dist/echarts.esm.min.mjs";

/**
 * A chart as an SVG picture that needs nothing else.
 *
 * The chart library (Apache ECharts) is fetched, and loaded, at the first call.
 *
 * @param option what to draw, as ECharts takes it
 * @param size the picture's width and height
 */
export async function chartSvg(
  option: Record<string, unknown>,
  size: { readonly width: number; readonly height: number },
): Promise<string> {
  const { init }: Charts = await import(ECHARTS);
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  try {
    chart.setOption(option);
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
