// The texts of products on GPUs as mixed precision has them: all that may be is float16.
import { start, stop, tf } from "../../mod.ts";
import type { GuardedBackend } from "../../lib/device/backend.ts";
import { registerKernels } from "../../lib/device/register.ts";
import { allOps } from "../../tasks/bench/jobs/op_table.ts";
import { kernelName } from "../../tasks/bench/wgsl.ts";

/**
 * Each product, convolution and gradient of the op table, by its name. Nothing of float16 is run. It
 * stops the device that runs, and leaves none.
 */
export async function float16Products(): Promise<Map<string, string>> {
  stop();
  await start();
  registerKernels(false);
  const backend = tf.backend() as unknown as GuardedBackend;
  const products = new Map<string, string>();
  let name = "";
  let text = "";
  const { device } = backend;
  const createShaderModule = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) => {
    text = descriptor.code;
    return createShaderModule(descriptor);
  };
  const runDispatch = backend.runDispatch.bind(backend);
  backend.runDispatch = (dispatch) => {
    text = "";
    if (/^(BatchMatMul|Conv2D(Backprop(Input|Filter))?)$/.test(dispatch.operation)) {
      dispatch.half?.pipeline(dispatch.half.may);
    }
    // Of a text that was made before, another operation has the figures.
    if (text.includes("f16")) products.set(name, text);
    return runDispatch(dispatch);
  };
  try {
    for (const { kind, shape, prepare } of allOps()) {
      if (!/^(dense|conv) /.test(kind)) continue;
      name = kernelName(kind, shape);
      tf.engine().startScope(); // Frees the operands at the end.
      tf.dispose(prepare()());
      tf.engine().endScope();
    }
  } finally {
    stop();
  }
  return products;
}
