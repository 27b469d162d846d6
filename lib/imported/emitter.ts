// Layers made of what a file has, under names of their own, with their numbers.
import type { AnyLayer } from "../layers/layer.ts";
import type { Join } from "../layers/parallel.ts";

/** Makes the numbers of a parameter. */
export type Numbers = () => ArrayLike<number>;

/** A layer with what it takes and its numbers. */
export type Emitted = {
  readonly name: string;
  /** The name of what it is of in the file: a node, a layer. */
  readonly node: string;
  readonly layer: AnyLayer;
  readonly from: readonly string[];
  readonly join?: Join | "concat" | "sum" | "product";
  readonly params: Readonly<Record<string, Numbers>>;
  readonly state: Readonly<Record<string, Numbers>>;
};

/** What a layer besides its operation has. */
export type Parts = Partial<Pick<Emitted, "join" | "params" | "state">> & {
  /** What it is called besides the node's name, if it is not the node's own operation. */
  readonly suffix?: string;
};

/** A head with another number of classes: its name in the file, and how many. */
export type Head = { readonly name: string; readonly numClasses: number };

/** Collects layers. */
export class Emitter {
  /** @param head what has other features than the file says */
  constructor(readonly head?: Head) {}

  /** The features of a convolution or fully connected layer: the file's, unless it is the head. */
  features(node: string, inFile: number): number {
    return this.head?.name === node ? this.head.numClasses : inFile;
  }

  readonly emitted = new Map<string, Emitted>();
  readonly #names = new Set(["input"]);

  /**
   * Adds a layer.
   *
   * @param node the name of what it is of
   * @param from the names of the layers that it takes
   * @returns its own name
   */
  add(
    node: string,
    layer: AnyLayer,
    from: readonly string[],
    { join, params = {}, state = {}, suffix }: Parts = {},
  ): string {
    const name = this.#nameOf(suffix ? `${node}_${suffix}` : node);
    this.emitted.set(name, {
      name,
      node,
      layer,
      from,
      ...(join ? { join } : {}),
      params,
      state,
    });
    return name;
  }

  /** Part of a path, and unique. */
  #nameOf(name: string): string {
    const clean = name.replace(/^[/:]+/, "").replace(/[^\w.-]+/g, "_").replace(
      /^(?=[\d.]*$)/,
      "layer",
    );
    let own = clean;
    for (let i = 2; this.#names.has(own); i++) own = `${clean}_${i}`;
    this.#names.add(own);
    return own;
  }
}
