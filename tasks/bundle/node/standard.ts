// What the library uses of JavaScript's standard library that Node 20 lacks.

Promise.withResolvers ??= function <T>(this: PromiseConstructor): PromiseWithResolvers<T> {
  let parts: Omit<PromiseWithResolvers<T>, "promise"> | undefined;
  const promise = new Promise<T>((resolve, reject) => parts = { resolve, reject });
  return { promise, ...parts! };
};

Map.groupBy ??= function <K, T>(items: Iterable<T>, keyOf: (item: T, index: number) => K) {
  const groups = new Map<K, T[]>();
  let index = 0;
  for (const item of items) {
    const key = keyOf(item, index++);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
};

Response.prototype.bytes ??= async function (): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await this.arrayBuffer());
};

Uint8Array.prototype.toHex ??= function (): string {
  return Array.from(this, (byte) => byte.toString(16).padStart(2, "0")).join("");
};
