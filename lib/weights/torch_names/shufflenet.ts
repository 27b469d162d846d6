// How torchvision names ShuffleNet V2's layers.
// https://github.com/pytorch/vision/blob/main/torchvision/models/shufflenetv2.py
import { namesByPatterns } from "./by_patterns.ts";

/** Places of the convolutions in the branches' chains; each is followed by its normalization. */
const PLACES: Readonly<Record<string, number>> = {
  "passed/depthwise": 0,
  "passed/pointwise": 2,
  "filtered/reduce": 0,
  "filtered/depthwise": 3,
  "filtered/expand": 5,
};

const isNorm = (kind: string): number => kind === "norm" ? 1 : 0;

/** Torchvision's names for `shufflenet-v2`: `stage2.0.branch1.0`, `fc`. */
export const torchvisionShuffleNet = namesByPatterns("torchvision's ShuffleNet V2", [
  [/first\/(conv|norm)/, (kind) => `conv1.${isNorm(kind)}`],
  [/last\/(conv|norm)/, (kind) => `conv5.${isNorm(kind)}`],
  [
    /stage(\d)\/unit(\d)\/join\/((passed|filtered)\/\w+)\/(conv|norm)/,
    (stage, unit, part, branch, kind) =>
      `stage${stage}.${Number(unit) - 1}.branch${branch === "passed" ? 1 : 2}.${
        PLACES[part]! + isNorm(kind)
      }`,
  ],
  [/logits/, () => "fc"],
]);
