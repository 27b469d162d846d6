// Convolutions to few features: pixels of windows that overlap, and no column that is padding.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { ofInvocations } from "./few_features_alone.ts";
import { blockTogether } from "./few_features_blocks.ts";
import { ofVectors } from "./few_features_together.ts";
import { ofWorkgroups } from "./few_features_shared.ts";
import { type FewFeatures, turnOf } from "./few_features_text.ts";
import { runProgram } from "./program.ts";

/**
 * Runs a convolution whose windows overlap: to up to 8 features; on software adapters to up to 3, as
 * from 6 on a product's tile takes no longer there, or, with subgroups, where a window is read in less
 * time than a product's rows. A product's tile is at least four columns wide, so that of one
 * feature three quarters would be computed for nothing, and each number of the source would be
 * fetched anew for every tap. Here an invocation makes pixels side by side, whose windows overlap.
 *
 * @param software whether the adapter computes on the CPU
 * @param groups its groups
 * @returns the result, of `of.shape`; `undefined` where a product takes less time
 */
export function runFewFeatures(
  backend: GuardedBackend,
  software: boolean,
  groups: number,
  of: FewFeatures,
): tf.TensorInfo | undefined {
  if (groups > 1 || of.taps[0] * of.taps[1] < 4) return undefined;
  const { source, filter, features, pixels, phases, bias, activation } = of;
  const [images, height, width, depth] = source.shape as [number, number, number, number];
  const block = software ? blockTogether(backend, of) : undefined;
  if (!block && features > (software ? 3 : 8)) return undefined;
  const form = block
    ? ofVectors(backend, of, block)
    : software
    ? ofInvocations(backend, of)
    : ofWorkgroups(of);
  const { texture, inFours } = form;
  return runProgram(backend, {
    operation: of.operation,
    variant: [
      "few features",
      form.name,
      of.variant,
      ...[features, turnOf(depth), of.taps, of.sureTaps, of.stride, of.dilation].flat(),
      bias !== undefined,
      activation,
    ].join("/"),
    results: { result: of.shape },
    inputs: { source, filter_: filter, ...(bias ? { bias } : {}) },
    vectors: inFours.filter((name) => !texture.includes(name)),
    quads: texture.filter((name) => inFours.includes(name)),
    texels: texture.filter((name) => !inFours.includes(name)),
    half: { names: ["source", "filter_", "result"], anyway: true },
    uniforms: {
      ...of.uniforms,
      images,
      height,
      width,
      depth,
      rows: pixels[0],
      columns: pixels[1],
      phases,
      ...form.uniforms,
    },
    code: form.code,
    leads: true,
    invocations: form.invocations,
    workgroup: form.workgroup,
    isShared: !software || block !== undefined,
    isSubgroup: form.isSubgroup ?? false,
  })[0]!;
}
