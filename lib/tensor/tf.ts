// The one place that names tfjs: users and library share this copy of it.
// deno-lint-ignore-file no-import-prefix -- a remote user of mod.ts has no deno.json of ours
import * as tf from "npm:@tensorflow/tfjs-core@4.22.0";
import type {} from "npm:@tensorflow/tfjs-core@4.22.0/dist/public/chained_ops/register_all_chained_ops.d.ts";
import "npm:@tensorflow/tfjs-backend-cpu@4.22.0";

/**
 * The operations of TensorFlow.js (`tfjs-core`), the same instance that neocog
 * itself runs on: every tensor, gradient and kernel of the library lives in
 * it, so that a user's own tfjs code and neocog's can be mixed freely.
 */
export { tf };

type Operation = (...operands: unknown[]) => unknown;

/** tfjs's operations that are methods of tensors too, with the tensor as first operand. */
const METHODS =
  "abs acos acosh add all any argMax argMin asin asinh atan atan2 atanh avgPool batchNorm " +
  "batchToSpaceND broadcastTo cast ceil clipByValue conv1d conv2d conv2dTranspose cos cosh cumprod " +
  "cumsum depthToSpace depthwiseConv2d dilation2d div divNoNan dot elu equal erf euclideanNorm exp " +
  "expandDims expm1 fft floor floorDiv gather greater greaterEqual ifft irfft isFinite isInf isNaN " +
  "leakyRelu less lessEqual localResponseNormalization log log1p logSigmoid logSoftmax logSumExp " +
  "logicalAnd logicalNot logicalOr logicalXor matMul max maxPool maximum mean min minimum mirrorPad " +
  "mod mul neg norm notEqual oneHot onesLike pad pool pow prelu prod reciprocal relu relu6 reshape " +
  "resizeBilinear resizeNearestNeighbor reverse rfft round rsqrt selu separableConv2d sigmoid sign " +
  "sin sinh slice softmax softplus spaceToBatchND split sqrt square squaredDifference squeeze step " +
  "stridedSlice sub sum tan tanh tile topk transpose unique unsortedSegmentSum unstack zerosLike";

/** What tfjs's union package gives tensors, whose own list of it does not load in Deno either. */
function addMethods(prototype: Record<string, unknown>): void {
  const method = (name: string, run: (self: tf.Tensor, ...operands: never[]) => unknown) => {
    prototype[name] = function (this: tf.Tensor, ...operands: never[]): unknown {
      this.throwIfDisposed();
      return run(this, ...operands);
    };
  };
  const operations = tf as unknown as Record<string, Operation>;
  for (const name of METHODS.split(" ")) {
    const operation = operations[name] as Operation;
    method(name, (self, ...operands) => operation(self, ...operands));
  }
  const listed = (x: tf.Tensor | tf.Tensor[]) => Array.isArray(x) ? x : [x];
  method("concat", (self, x: tf.Tensor, axis: number) => tf.concat([self, ...listed(x)], axis));
  method("stack", (self, x: tf.Tensor, axis: number) => tf.stack([self, ...listed(x)], axis));
  method("where", (self, condition: tf.Tensor, x: tf.Tensor) => tf.where(condition, self, x));
  method("flatten", (self) => tf.reshape(self, [self.size]));
  method("asScalar", (self) => tf.reshape(self, []));
  method("as1D", (self) => tf.reshape(self, [self.size]));
  for (const name of ["as2D", "as3D", "as4D", "as5D"]) {
    method(name, (self, ...shape: number[]) => tf.reshape(self, shape));
  }
  method("reshapeAs", (self, x: tf.Tensor) => tf.reshape(self, x.shape));
  method("asType", (self, dtype: tf.DataType) => tf.cast(self, dtype));
  method("toBool", (self) => tf.cast(self, "bool"));
  method("toFloat", (self) => tf.cast(self, "float32"));
  method("toInt", (self) => tf.cast(self, "int32"));
}

addMethods(tf.Tensor.prototype as unknown as Record<string, unknown>);
