// Times training steps of the chapter's network (§12.10) in stock tfjs-layers, on tfjs's own WebGPU
// kernels: milliseconds as JSON on stdout.
import { WebGPUBackend } from "../../lib/device/webgpu_backend.ts";
import { tf } from "../../lib/tensor/tf.ts";

const [batchSize, steps] = Deno.args.map(Number) as [number, number];

// tfjs's own initialisation asks for a feature in a form that Deno refuses on some adapters.
const adapter = (await navigator.gpu.requestAdapter())!;
const { limits } = adapter;
const device = await adapter.requestDevice({
  requiredLimits: {
    maxBufferSize: limits.maxBufferSize,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
  },
});
device.addEventListener("uncapturederror", (event) => {
  console.error((event as GPUUncapturedErrorEvent).error.message);
  Deno.exit(1);
});
tf.removeBackend("webgpu");
tf.registerBackend("webgpu", () => new WebGPUBackend(device, adapter.info));
await tf.setBackend("webgpu");

const model = tf.sequential({
  layers: [
    tf.layers.conv2d({ inputShape: [28, 28, 1], filters: 32, kernelSize: 3, activation: "relu" }),
    tf.layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu" }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.dropout({ rate: 0.25 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 128, activation: "relu" }),
    tf.layers.dropout({ rate: 0.5 }),
    tf.layers.dense({ units: 10, activation: "softmax" }),
  ],
});
model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
const images = tf.randomUniform([batchSize, 28, 28, 1]);
const labels = tf.oneHot(tf.range(0, batchSize, 1, "int32").mod(10).toInt(), 10).toFloat();
const times: number[] = [];
// The first step compiles.
for (let i = 0; i <= steps; i++) {
  const began = performance.now();
  await model.trainOnBatch(images, labels);
  if (i > 0) times.push(performance.now() - began);
}
console.log(JSON.stringify(times));
