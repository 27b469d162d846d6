// The one place that names tfjs's WebGPU backend: its class and the programs it runs.

export { WebGPUBackend, type WebGPUProgram } from "npm:@tensorflow/tfjs-backend-webgpu@4.22.0";
