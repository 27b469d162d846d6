// The methods of attribution that are compared, by name.
import {
  type Attribution,
  type Baseline,
  deepLift,
  gradCam,
  inputTimesGradient,
  integratedGradients,
  layerwiseRelevance,
  occlusion,
  saliency,
  smoothGrad,
} from "../../lib/explain/mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { fold, key } from "../../mod.ts";
import type { Explanation } from "../pictures/explanation.ts";

/** What a method takes. */
type Means = Explanation & {
  readonly baseline: Baseline;
  readonly seed: number;
};

/** A method, and whether its values have signs. */
type Method = { readonly signed: boolean; run(means: Means): Promise<Attribution> };

/** The methods by name; `random` is what any method must be better than. */
export const METHODS: Readonly<Record<string, Method>> = {
  saliency: { signed: false, run: ({ network, x, objective }) => saliency(network, x, objective) },
  "smooth-grad": {
    signed: false,
    run: ({ network, x, objective, seed }) => smoothGrad(network, x, objective, { key: key(seed) }),
  },
  "input-x-gradient": {
    signed: true,
    run: ({ network, x, objective }) => inputTimesGradient(network, x, objective),
  },
  "integrated-gradients": {
    signed: true,
    run: ({ network, x, objective, baseline }) =>
      integratedGradients(network, x, objective, { baseline }),
  },
  "deep-lift": {
    signed: true,
    run: ({ network, x, objective, baseline }) => deepLift(network, x, objective, { baseline }),
  },
  lrp: {
    signed: true,
    run: ({ network, x, objective }) => layerwiseRelevance(network, x, objective),
  },
  "grad-cam": { signed: false, run: ({ network, x, objective }) => gradCam(network, x, objective) },
  "layer-cam": {
    signed: false,
    run: ({ network, x, objective }) => gradCam(network, x, objective, { method: "layer-cam" }),
  },
  occlusion: {
    signed: true,
    run: ({ network, x, objective, baseline }) => occlusion(network, x, objective, { baseline }),
  },
  random: {
    signed: true,
    run({ x, name, seed }) {
      const [count, height, width] = x.shape as [number, number, number];
      const values = uniformArray(fold(key(seed), "random"), count * height * width, -1, 1);
      const shape = [count, height, width, 1] as const;
      return Promise.resolve({ method: "random", target: name, scores: [0], shape, values });
    },
  },
};
