// SVG elements as text, with attributes and words escaped.
import { FONT, INK } from "./style.ts";

/** The attributes of an element. */
type Attributes = Readonly<Record<string, string | number>>;

/** Text for SVG: markup is escaped, and what is not a character of XML is replaced. */
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
 * @param attributes its attributes; numbers are rounded to tenths
 */
export function element(name: string, attributes: Attributes, inner = ""): string {
  const written = Object.entries(attributes).map(([key, value]) =>
    ` ${key}="${typeof value === "number" ? Math.round(value * 10) / 10 : escaped(value)}"`
  ).join("");
  return inner === "" ? `<${name}${written}/>` : `<${name}${written}>${inner}</${name}>`;
}

/** A line of text. */
export function textElement(words: string, attributes: Attributes): string {
  return element("text", attributes, escaped(words));
}

/** A whole picture on a white background. */
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
 * The approximate width of a text, by the mean letter of Helvetica and some more.
 *
 * @param size its size in pixels
 * @param bold whether it is bold
 */
export function textWidth(text: string, size: number, bold = false): number {
  return text.length * size * (bold ? 0.62 : 0.58);
}
