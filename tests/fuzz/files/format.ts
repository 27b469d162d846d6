// What a campaign knows of a kind of file.

/** A kind of file, valid examples, and how to tell a right answer. */
export type Format<T = unknown> = {
  readonly name: string;
  /** What is damaged: whole files, or what `build` makes files of. */
  readonly seeds: readonly Uint8Array[];
  /** Whether it holds JSON, some of whose values are replaced. */
  readonly isText?: boolean;
  /** Makes a file of what was damaged: with right checksums, or compressed. */
  build?(damaged: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** The library's reading. */
  parse(file: Uint8Array): T | Promise<T>;
  /** The classes of errors that its documentation names. */
  readonly errors: readonly string[];
  /**
   * What is wrong with an accepted file's content, if something is.
   *
   * @param seed the file before it was damaged
   * @param how it was damaged
   */
  check(
    found: T,
    file: Uint8Array,
    seed: Uint8Array,
    how: string,
  ): string | undefined | Promise<string | undefined>;
  /** Bytes that a right answer takes besides four times the file: of a decoded picture, say. */
  room?(file: Uint8Array, found: T | undefined): number;
  /** Whether a second reading accepts a file that the library refused: it is counted, not a fault. */
  accepts?(file: Uint8Array): boolean;
};

/** Keeps the type of what a format reads to itself. */
export function format<T>(own: Format<T>): Format {
  return own as unknown as Format;
}

/** Whether two values are the same, numbers to the last bit. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  if (ArrayBuffer.isView(one) && ArrayBuffer.isView(other)) {
    const [a, b] = [bytesOf(one), bytesOf(other)];
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
  }
  if (one instanceof Map && other instanceof Map) return isSame([...one], [...other]);
  const [names, others] = [Object.keys(one), Object.keys(other)];
  return names.length === others.length && names.every((name) =>
    Object.hasOwn(other, name) &&
    isSame((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name])
  );
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
