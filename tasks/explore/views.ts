// All kinds of requests, by the name that a page gives them.
import type { View } from "./view.ts";
import { dream, gif, inversion } from "./views/dream.ts";
import { fool } from "./views/fool.ts";
import { ablation, maps } from "./views/maps.ts";
import { see } from "./views/see.ts";
import { neighbors, space } from "./views/space.ts";
import { filter, patches, unitImage } from "./views/unit.ts";
import { why } from "./views/why.ts";

/** The views. */
export const views: Readonly<Record<string, View>> = {
  see,
  maps,
  ablation,
  patches,
  filter,
  "unit-image": unitImage,
  why,
  fool,
  dream,
  inversion,
  gif,
  space,
  neighbors,
};
