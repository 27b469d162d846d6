// What tests read out of SVG pictures: that they are well-formed, and where things stand.
import { assert, assertEquals } from "@std/assert";

/** A rectangle of a picture. */
export type Rect = {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};

/** A box: its rectangle, its kind and its lines of text. */
export type SvgBox = Rect & { readonly paint: string; readonly lines: readonly string[] };

/**
 * Asserts that a text is well-formed XML, as far as these pictures use it: tags that close in
 * their order, attributes in quotes, once each, and no character that had to be escaped.
 */
export function assertWellFormed(svg: string): void {
  const open: string[] = [];
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<]*")*)(\/?)>/g,
    (_, end, name, attributes, empty) => {
      const names = [...attributes.matchAll(/ ([a-zA-Z-]+)=/g)].map((match: RegExpMatchArray) =>
        match[1]
      );
      assertEquals(new Set(names).size, names.length, `${name} ${attributes}`);
      if (end) assertEquals(open.pop(), name);
      else if (!empty) open.push(name);
      return "";
    },
  );
  assertEquals(open, []);
  assertEquals(rest.match(/[<>]|&(?!(amp|lt|gt|quot);)/), null);
  // deno-lint-ignore no-control-regex
  assertEquals(svg.match(/[\x00-\x08\x0b\x0c\x0e-\x1f]/), null);
  assert(!svg.includes("NaN") && !svg.includes("Infinity") && !svg.includes("undefined"));
}

function numbersOf(tag: string): Rect {
  const of = (name: string): number => Number(new RegExp(` ${name}="([^"]*)"`).exec(tag)![1]);
  return { x: of("x"), y: of("y"), width: of("width"), height: of("height") };
}

/** The boxes of a drawing. */
export function boxesOf(svg: string): SvgBox[] {
  return [...svg.matchAll(/<g class="box (\w+)">(<rect[^>]*>)(.*?)<\/g>/g)].map(
    ([, paint, rect, texts]) => ({
      ...numbersOf(rect!),
      paint: paint!,
      lines: [...texts!.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]!),
    }),
  );
}

/** The frames of a drawing's modules, with their titles. */
export function framesOf(svg: string): (Rect & { readonly title: string })[] {
  return [...svg.matchAll(/<g class="module">(<rect[^>]*>)<text[^>]*>([^<]*)<\/text><\/g>/g)].map(
    ([, rect, title]) => ({ ...numbersOf(rect!), title: title! }),
  );
}

/** Width and height of a picture. */
export function sizeOfPicture(svg: string): [width: number, height: number] {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!;
  return [Number(width), Number(height)];
}

/** Whether two rectangles have more than an edge in common. */
export function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height &&
    b.y < a.y + a.height;
}
