// Networks beyond the chapter's.

export * from "./densenet.ts";
export * from "./mobilenet_v1.ts";
