// Colors that are told apart, also by people who see few of them.
// Source: Okabe and Ito, https://jfly.uni-koeln.de/color/, and four more.
const COLORS = [
  "#0072b2",
  "#d55e00",
  "#009e73",
  "#cc79a7",
  "#e69f00",
  "#56b4e9",
  "#8c564b",
  "#7b4fc9",
  "#808080",
  "#b5bd00",
];

/** Lighter ones, on a dark ground, of those that are dark. */
const LIGHTER = { "#0072b2": "#4aa3df", "#8c564b": "#c49c94", "#7b4fc9": "#a98be3" };

/** The color of what has a number, such as a class or a run. */
export function colorOf(index) {
  const color = COLORS[index % COLORS.length];
  return matchMedia("(prefers-color-scheme: dark)").matches ? LIGHTER[color] ?? color : color;
}
