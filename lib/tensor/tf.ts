// The one place that names tfjs: users and library share this copy of it.
// deno-lint-ignore no-import-prefix -- a remote user of mod.ts has no deno.json of ours
import * as tf from "npm:@tensorflow/tfjs@4.22.0";

/**
 * TensorFlow.js, the same instance that neocog itself runs on: every tensor,
 * gradient and kernel of the library lives in it, so that a user's own tfjs
 * code and neocog's can be mixed freely.
 *
 * The union package is taken, not `tfjs-core`, because in Deno only it
 * registers the gradients (core's own list of them does not load there).
 */
export { tf };
