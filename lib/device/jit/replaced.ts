// Properties of objects that are not ours, replaced while a function is called.

/** A property, and what it is to be meanwhile. */
export type Replacement = {
  readonly owner: object;
  readonly name: PropertyKey;
  readonly value: unknown;
};

/**
 * Calls a function while properties have other values.
 *
 * @param replacements each property once
 */
export function whileReplaced<R>(replacements: readonly Replacement[], f: () => R): R {
  const before = replacements.map(({ owner, name }) =>
    Object.getOwnPropertyDescriptor(owner, name)
  );
  try {
    for (const { owner, name, value } of replacements) {
      Object.defineProperty(owner, name, { value, configurable: true, writable: true });
    }
    return f();
  } finally {
    for (const [i, { owner, name }] of replacements.entries()) {
      if (before[i]) Object.defineProperty(owner, name, before[i]);
      else Reflect.deleteProperty(owner, name);
    }
  }
}
