// The one list of what the self-test tries.
import type { Subject } from "./subject.ts";
import { convolutions } from "./subjects/convolutions.ts";
import { elementwise } from "./subjects/elementwise.ts";
import { images } from "./subjects/images.ts";
import { layers } from "./subjects/layers.ts";
import { optimizers, recorded } from "./subjects/optimizers.ts";
import { pools } from "./subjects/pools.ts";
import { products } from "./subjects/products.ts";
import { reductions } from "./subjects/reductions.ts";
import { shapes } from "./subjects/shapes.ts";
import { whole } from "./subjects/whole.ts";

/** All subjects, the dear ones first. */
export const subjects: readonly Subject[] = [
  ...convolutions,
  ...products,
  ...pools,
  ...layers,
  ...images,
  ...reductions,
  ...elementwise,
  ...shapes,
  ...whole,
  ...optimizers,
  ...recorded,
];
