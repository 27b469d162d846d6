// The article before a name.

/**
 * A name with its article.
 *
 * @param name such as `conv` or `adaptiveMeanPool`
 * @returns `a conv`, `an adaptiveMeanPool`
 */
export function withArticle(name: string): string {
  return `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`;
}
