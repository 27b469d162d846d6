// Makes tar archives for tests, after POSIX.1-1988's ustar and without modern-tar.

/** An archive of files by their paths; a path that ends in a slash is a folder. */
export function tar(files: readonly (readonly [path: string, bytes: Uint8Array])[]): Uint8Array {
  const blocks = files.flatMap(([path, bytes]) => [
    header(path, bytes.length),
    bytes,
    new Uint8Array((512 - bytes.length % 512) % 512),
  ]);
  return joined([...blocks, new Uint8Array(1024)]);
}

function header(path: string, size: number): Uint8Array {
  const block = new Uint8Array(512);
  const write = (at: number, text: string): void => block.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");
  write(0, path);
  write(100, "0000644\0");
  write(108, "0000000\0");
  write(116, "0000000\0");
  write(124, `${octal(size, 11)}\0`);
  write(136, `${octal(1_243_000_000, 11)}\0`);
  write(148, " ".repeat(8));
  write(156, path.endsWith("/") ? "5" : "0");
  write(257, "ustar\x0000");
  write(148, `${octal(block.reduce((sum, byte) => sum + byte, 0), 6)}\0 `);
  return block;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
