// Renders charts as SVG pictures, by a library that is loaded when one is needed.
import { FONT, INK, MUTED } from "./style.ts";

/** Options of ECharts. */
export type Option = Record<string, unknown>;

/** The parts of ECharts that are used. Its own types would be loaded with the module. */
type Chart = {
  setOption(option: Option): void;
  renderToSVGString(): string;
  dispose(): void;
};
type Charts = { init(element: null, theme: null, options: Option): Chart };

// The bundle, as the package's modules read NODE_ENV. Not a literal inside `import()`: Deno
// fetches those when a program starts, and these 12 MB are needed only to draw. One string, which
// `deno task bundle` finds.
const ECHARTS = "npm:echarts@6.1.0/dist/echarts.esm.min.mjs";

/** The package, for pages that draw with it themselves. */
export const ECHARTS_PACKAGE: `npm:${string}` = `npm:${ECHARTS.slice(4, ECHARTS.indexOf("/"))}`;
/** Its bundle, one file. */
export const ECHARTS_FILE: string = ECHARTS.slice(ECHARTS_PACKAGE.length + 1);

/**
 * What all charts have in common: a white background, a heading, and a legend below it.
 *
 * @param subtext a line below it, if any
 */
export function chartFrame(title: string, subtext?: string): Option {
  return {
    animation: false,
    backgroundColor: "#ffffff",
    textStyle: { fontFamily: FONT, fontSize: 12 },
    title: {
      text: title,
      left: 16,
      top: 14,
      textStyle: { color: INK, fontWeight: "bold", fontSize: 18 },
      ...(subtext === undefined ? {} : { subtext, subtextStyle: { color: MUTED, fontSize: 11 } }),
    },
  };
}

/**
 * A legend.
 *
 * @param names the names of series, in order
 */
export function chartLegend(names: readonly string[], place: Option): Option {
  return {
    data: names,
    icon: "roundRect",
    itemWidth: 18,
    itemHeight: 4,
    // Wide, as the width of text in the reader's font is not known here.
    itemGap: 28,
    textStyle: { color: INK },
    selectedMode: false,
    ...place,
  };
}

/**
 * The name, line and labels of an axis.
 *
 * @param name what it counts, with its unit
 * @param nameGap from the axis to its name, in pixels
 */
export function chartAxis(name: string, nameGap: number): Option {
  return {
    name,
    nameGap,
    nameLocation: "middle",
    nameTextStyle: { color: MUTED, fontSize: 12 },
    axisLine: { show: true, onZero: false, lineStyle: { color: MUTED } },
    axisLabel: { color: MUTED },
    splitLine: { show: false },
  };
}

/** A chart as a self-contained SVG picture. */
export async function chartSvg(
  option: Option,
  size: { readonly width: number; readonly height: number },
): Promise<string> {
  const { init }: Charts = await import(ECHARTS);
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size });
  try {
    chart.setOption(option);
    // Without the data for scripts of a page: half of a picture of many dots.
    return chart.renderToSVGString().replace(/ ecmeta_\w+="[^"]*"/g, "");
  } finally {
    chart.dispose();
  }
}
