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

/** The charts' font and colors: of text, of what is less, of lines behind the figures. */
export const FONT = "Helvetica, Arial, sans-serif";
export const INK = "#24292f";
export const MUTED = "#57606a";
export const RULE = "#e4e8ec";

/**
 * What all charts have: white ground, a heading on the left, the curves' names on the right.
 *
 * @param title the heading
 */
export function chartFrame(title: string): Record<string, unknown> {
  return {
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT, fontSize: 12 },
    title: {
      text: title,
      left: 16,
      top: 14,
      textStyle: { color: INK, fontWeight: "bold", fontSize: 18 },
    },
    legend: {
      right: 28,
      top: 20,
      icon: "roundRect",
      itemWidth: 18,
      itemHeight: 4,
      // Wide, as the width of text in the reader's font can only be guessed here.
      itemGap: 28,
      textStyle: { color: INK },
      selectedMode: false,
    },
  };
}

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
    // Without what a page's script would need: it is half of a picture of many dots.
    return chart.renderToSVGString().replace(/ ecmeta_\w+="[^"]*"/g, "");
  } finally {
    chart.dispose();
  }
}
