// Space: a map of a data set's features; what is near is alike for the network.
import { workplace } from "../../../web/page/channel.js";
import { canvasOf, drawPicture } from "../../../web/page/canvas.js";
import { colorOf } from "../../../web/page/colors.js";
import { el, labeled, select } from "../../../web/page/dom.js";
import { showAgain } from "../again.js";

const ECHARTS = "/echarts/echarts.esm.min.mjs";

/** The view. */
export function makeView(place, app) {
  const { info } = app;
  const layer = select({}, info.layers.map(({ path }) => path));
  layer.addEventListener("change", () => app.set({ layer: layer.value, index: "" }));
  const method = select({}, [["pca", "principal components"], ["umap", "UMAP (takes a while)"]]);
  method.addEventListener("change", () => app.set({ method: method.value }));
  const places = select({}, [["mean", "averaged"], ["each", "place by place"]]);
  places.addEventListener("change", () => app.set({ places: places.value }));
  const [status, nearStatus] = [el("p", { role: "status" }), el("p", { role: "status" })];
  const work = workplace(app.channel, status);
  const nearWork = workplace(app.channel, nearStatus);
  const plot = el("div", {
    class: "plot",
    hidden: true,
    role: "img",
    "aria-label": "A map of the data set",
  });
  const facts = el("p", { class: "small muted" });
  const pointed = canvasOf(1, 1, "The image pointed at");
  const pointedName = el("figcaption", {});
  const pointing = el("figure", { hidden: true }, pointed, pointedName);
  const near = el("div");
  const again = el("div");
  place.append(
    el("h2", {}, "The space of features"),
    el(
      "div",
      { class: "controls" },
      labeled("Layer", layer),
      labeled("Map", method),
      labeled("Feature maps", places),
    ),
    status,
    facts,
    el("div", { class: "map-frame" }, plot, pointing),
    nearStatus,
    near,
    again,
  );
  let chart;
  let found;
  let key;
  let nearKey;

  const thumbnail = (index) => {
    const { shape: [, height, width, channels], values } = found.arrays.thumbnails;
    const size = height * width * channels;
    return {
      shape: [height, width, channels],
      values: values.subarray(index * size, (index + 1) * size),
    };
  };
  const nameOf = (index) =>
    `${found.arrays.indices.values[index]}: ${found.classNames[found.arrays.labels.values[index]]}`;
  const point = (index) => {
    pointing.hidden = false;
    drawPicture(pointed, thumbnail(index));
    pointedName.textContent = nameOf(index);
  };

  const draw = async () => {
    plot.hidden = false;
    const { init } = await import(ECHARTS);
    chart ??= init(plot);
    const { positions, labels } = found.arrays;
    const style = getComputedStyle(document.body);
    const ink = style.color;
    const classes = found.classNames.map((name, label) => {
      const data = [];
      labels.values.forEach((own, i) => {
        if (own === label) data.push([positions.values[2 * i], positions.values[2 * i + 1], i]);
      });
      return {
        name,
        type: "scatter",
        data,
        symbolSize: 6,
        itemStyle: { color: colorOf(label), opacity: 0.75 },
      };
    }).filter(({ data }) => data.length > 0);
    const axis = {
      scale: true,
      axisLabel: { color: ink },
      splitLine: { show: false },
      axisLine: { onZero: false, lineStyle: { color: ink } },
    };
    chart.setOption({
      animation: false,
      legend: { type: "scroll", textStyle: { color: ink }, top: 4 },
      grid: { left: 44, right: 16, top: 40, bottom: 32 },
      xAxis: axis,
      yAxis: axis,
      dataZoom: [{ type: "inside", xAxisIndex: 0 }, { type: "inside", yAxisIndex: 0 }],
      series: classes,
    }, true);
    chart.off("mouseover");
    chart.off("click");
    chart.on("mouseover", ({ data }) => point(data[2]));
    chart.on("click", ({ data }) => app.set({ index: data[2] }));
    plot.dataset.points = `${labels.values.length}`;
  };

  const strip = (list) =>
    el(
      "div",
      { class: "strip" },
      list.map(({ index, distance }) => {
        const canvas = canvasOf(1, 1, `Image ${nameOf(index)}`);
        drawPicture(canvas, thumbnail(index));
        return el(
          "figure",
          {},
          el("a", {
            href: "#",
            onclick: (event) => {
              event.preventDefault();
              app.set({ index });
            },
          }, canvas),
          el("figcaption", {}, `${nameOf(index)}, ${distance.toPrecision(3)}`),
        );
      }),
    );

  const showNear = async (index) => {
    const answer = await nearWork.run("neighbors", {
      layer: layer.value,
      places: places.value,
      index,
    });
    if (!answer) return;
    point(index);
    const image = `test:${found.arrays.indices.values[index]}`;
    near.replaceChildren(
      el(
        "p",
        {},
        `Image ${nameOf(index)} `,
        el("a", { href: app.link("why", { image }) }, "Look at it"),
      ),
      el("h3", {}, "Nearest in pixels"),
      strip(answer.pixels),
      el("h3", {}, `Nearest in features of ${answer.layer}`),
      strip(answer.features),
    );
  };

  const resize = () => chart?.resize();
  addEventListener("resize", resize);
  return {
    async update(params) {
      const paths = info.layers.map(({ path }) => path);
      layer.value = paths.includes(params.layer)
        ? params.layer
        : info.usual.features || paths.at(-1);
      method.value = params.method === "umap" ? "umap" : "pca";
      places.value = params.places === "each" ? "each" : "mean";
      const request = { layer: layer.value, method: method.value, places: places.value };
      const next = JSON.stringify(request);
      if (next !== key) {
        const answer = await work.run("space", request);
        if (!answer) return;
        found = answer;
        key = next;
        nearKey = undefined;
        near.replaceChildren();
        const shares = answer.shares?.map((share) => `${(100 * share).toFixed(1)} %`).join(" and ");
        facts.textContent = `${answer.images} images of ${info.data.name}; ${
          (100 * answer.agreement).toFixed(1)
        } % of the ten nearest on the map are of the same class${
          shares ? `; the axes hold ${shares} of the variance` : ""
        }. Turn the wheel to zoom, drag to move.`;
        showAgain(again, answer);
        await draw();
      }
      const index = /^\d+$/.test(params.index ?? "") ? Number(params.index) : undefined;
      if (index === undefined || index >= found.images || nearKey === `${next} ${index}`) return;
      nearKey = `${next} ${index}`;
      await showNear(index);
    },
    dispose() {
      removeEventListener("resize", resize);
      chart?.dispose();
      work.cancel();
      nearWork.cancel();
    },
  };
}
