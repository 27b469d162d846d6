// Charts of the page by ECharts, in the colors of the page.

// Not a literal inside `import()`: the path is the server's, which tools look for on the disk.
const ECHARTS = "/echarts/echarts.esm.min.mjs";
const { init } = await import(ECHARTS);

/**
 * A chart in an element, which follows its width.
 *
 * @param place the element, with a height
 */
export function makeChart(place) {
  const chart = init(place);
  const watcher = new ResizeObserver(() => chart.resize());
  watcher.observe(place);
  return {
    /**
     * Draws lines.
     *
     * @param series names, colors and points
     * @param alt what is seen, in words
     */
    draw({ series, xName, isLog = false, format, axisFormat = format }, alt) {
      const style = getComputedStyle(document.documentElement);
      const [ink, rule, ground] = ["--ink", "--rule", "--ground"].map((name) =>
        style.getPropertyValue(name).trim()
      );
      const axis = {
        axisLabel: { color: ink, hideOverlap: true },
        axisLine: { show: true, onZero: false, lineStyle: { color: rule } },
        splitLine: { lineStyle: { color: rule, opacity: 0.5 } },
        nameTextStyle: { color: ink },
      };
      const places = series.flatMap(({ points }) => points.map(([x]) => x));
      const first = Math.min(...places);
      place.setAttribute("aria-label", alt);
      chart.setOption({
        animation: false,
        grid: { left: 8, right: 18, top: 14, bottom: 26, containLabel: true },
        tooltip: {
          trigger: "axis",
          confine: true,
          backgroundColor: ground,
          borderColor: rule,
          textStyle: { color: ink, fontSize: 12 },
          valueFormatter: format,
        },
        xAxis: {
          ...axis,
          type: "value",
          min: first,
          max: Math.max(first + 1, ...places),
          minInterval: 1,
          name: xName,
          nameLocation: "middle",
          nameGap: 24,
          splitLine: { show: false },
        },
        yAxis: {
          ...axis,
          type: isLog ? "log" : "value",
          scale: true,
          axisLabel: { color: ink, formatter: axisFormat },
        },
        series: series.map(({ name, color, points, isDashed, isFaint }) => ({
          name,
          type: "line",
          data: points,
          showSymbol: !isFaint && points.length < 40,
          symbolSize: 5,
          color,
          lineStyle: {
            width: isFaint ? 1 : 2,
            opacity: isFaint ? 0.35 : 1,
            type: isDashed ? "dashed" : "solid",
          },
        })),
      }, { notMerge: true });
    },
    dispose() {
      watcher.disconnect();
      chart.dispose();
    },
  };
}
