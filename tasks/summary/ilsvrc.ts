// What the networks of §12.7 reached in ILSVRC, as the chapter states it.
import type { Result } from "../../lib/sizing/mod.ts";

/** A family's result, and the one of its networks that it is of. */
type Family = {
  readonly names: RegExp;
  readonly year: number;
  readonly error: number;
  readonly exact: RegExp;
  readonly of: string;
};

const FAMILIES: readonly Family[] = [
  { names: /^alexnet/, year: 2012, error: 15.4, exact: /^alexnet$/, of: "AlexNet of 2012" },
  { names: /^zfnet/, year: 2013, error: 11.2, exact: /^zfnet$/, of: "ZFNet of 2013" },
  { names: /^vgg\d/, year: 2014, error: 7.3, exact: /^vgg19$/, of: "VGGNet of 19 layers" },
  { names: /^googlenet/, year: 2014, error: 6.7, exact: /^googlenet$/, of: "GoogLeNet of 2014" },
  {
    names: /^resnet(18|34|50|101|152)$/,
    year: 2015,
    error: 3.57,
    exact: /^resnet152$/,
    of: "ResNet of 152 layers",
  },
];

/**
 * The top-5 error that the chapter states of a model, or of the network of its family that took
 * part; `undefined` if it states none.
 */
export function ilsvrcResult(name: string): Result | undefined {
  const family = FAMILIES.find(({ names }) => names.test(name));
  if (!family) return undefined;
  const { year, error, exact, of } = family;
  return { year, error, ...(exact.test(name) ? {} : { of }) };
}
