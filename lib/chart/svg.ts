// SVG elements as text: attributes and words escaped.

/** What an attribute can be. */
type Attributes = Readonly<Record<string, string | number>>;

/** The fonts and colors of all pictures, those of the training curves. */
export const FONT = "Helvetica, Arial, sans-serif";
// Color of text.
const INK = "#24292f";
/** Color of lesser text, and of lines between boxes. */
export const MUTED = "#57606a";
/** Color of frames. */
export const RULE = "#d0d7de";

/**
 * Text as it stands in SVG: what would end it or is no character of XML is replaced.
 *
 * @param text any text
 */
export function escaped(text: string): string {
  return text
    // deno-lint-ignore no-control-regex
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/**
 * An element.
 *
 * @param name its name
 * @param attributes its attributes; numbers are rounded to tenths
 * @param inner what is in it, SVG already
 */
export function element(name: string, attributes: Attributes, inner = ""): string {
  const written = Object.entries(attributes).map(([key, value]) =>
    ` ${key}="${typeof value === "number" ? Math.round(value * 10) / 10 : escaped(value)}"`
  ).join("");
  return inner === "" ? `<${name}${written}/>` : `<${name}${written}>${inner}</${name}>`;
}

/**
 * A line of text.
 *
 * @param words what it says
 * @param attributes place, size, color
 */
export function textElement(words: string, attributes: Attributes): string {
  return element("text", attributes, escaped(words));
}

/**
 * A whole picture on white.
 *
 * @param width its width
 * @param height its height
 * @param title what it shows, for those who cannot see it
 * @param body its elements
 */
export function picture(width: number, height: number, title: string, body: string[]): string {
  const [w, h] = [Math.ceil(width), Math.ceil(height)];
  const inner = [
    `<title>${escaped(title)}</title>`,
    element("rect", { width: w, height: h, fill: "#ffffff" }),
    ...body,
  ].join("\n");
  return element("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    width: w,
    height: h,
    viewBox: `0 0 ${w} ${h}`,
    "font-family": FONT,
    "font-size": 11,
    fill: INK,
  }, `\n${inner}\n`) + "\n";
}

/**
 * About how wide a text is set, as a picture cannot ask: Helvetica's mean, and some more.
 *
 * @param text the text
 * @param size its size in pixels
 * @param bold whether it is bold
 */
export function textWidth(text: string, size: number, bold = false): number {
  return text.length * size * (bold ? 0.62 : 0.58);
}
