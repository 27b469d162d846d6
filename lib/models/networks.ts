// Networks beyond the chapter's.

export * from "./convnext.ts";
export * from "./densenet.ts";
export * from "./efficientnet.ts";
export * from "./mobilenet_v1.ts";
export * from "./mobilenet_v2.ts";
export * from "./mobilenet_v3.ts";
export * from "./shufflenet_v2.ts";
