// A page that shows pictures with their settings, and opens from disk.

/** A picture on the page. */
export type PagePicture = {
  /** Its file, beside the page. */
  readonly file: string;
  readonly caption: string;
  /** What it was made with. */
  readonly settings: Readonly<Record<string, unknown>>;
};

/** The head of the page. */
export type PageHead = {
  readonly title: string;
  /** The command that made them. */
  readonly task: string;
  readonly settings: Readonly<Record<string, unknown>>;
};

const STYLE = `
:root { color-scheme: light dark; }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; }
.made { color: GrayText; margin: .25rem 0 2rem; overflow-wrap: anywhere; }
figure { margin: 0 0 2.5rem; }
img { max-width: 100%; min-width: min(100%, 14rem); height: auto; image-rendering: pixelated; }
figcaption { margin-top: .5rem; overflow-wrap: anywhere; }
small { display: block; color: GrayText; }
`;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for HTML. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** Numbers with four digits: all digits are in the JSON file beside the picture. */
function rounded(_name: string, value: unknown): unknown {
  const isWhole = typeof value !== "number" || Number.isInteger(value);
  return isWhole ? value : Number(value.toPrecision(4));
}

/** Settings as one line: `model lenet5 · seed 0`. Lists of records are for the JSON file alone. */
function settingsLine(settings: Readonly<Record<string, unknown>>): string {
  return Object.entries(settings)
    .filter(([, value]) => value !== undefined && value !== null && !isTable(value))
    .map(([name, value]) =>
      `${name} ${typeof value === "string" ? value : JSON.stringify(value, rounded)}`.slice(0, 200)
    ).map(escaped).join(" · ");
}

function isTable(value: unknown): boolean {
  return Array.isArray(value) && value.some((row) => typeof row === "object" && row !== null);
}

function figureOf({ file, caption, settings }: PagePicture): string {
  const made = settingsLine(settings);
  return `<figure>
<a href="${encodeURIComponent(file)}"><img src="${encodeURIComponent(file)}" alt="${
    escaped(caption)
  }"></a>
<figcaption>${escaped(caption)}${made === "" ? "" : `<small>${made}</small>`}</figcaption>
</figure>`;
}

/**
 * The page's HTML. It needs nothing but the pictures beside it.
 *
 * @param pictures the pictures in their order
 */
export function pageOf(head: PageHead, pictures: readonly PagePicture[]): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(head.title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(head.title)}</h1>
<p class="made">${escaped(head.task)}: ${settingsLine(head.settings)}</p>
${pictures.map(figureOf).join("\n")}
</body>
</html>
`;
}
