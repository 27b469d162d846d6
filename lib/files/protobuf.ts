// Protocol buffers, by protobufjs, which is loaded when a file of messages is read or written.

// Not a literal inside `import()`: Deno fetches those when a program starts.
const PROTOBUF_JS = "npm:protobufjs@8.8.1/minimal.js";

/** Loads the package. */
export function loadProtobuf(): Promise<
  { default: typeof import("npm:protobufjs@8.8.1/minimal.js") }
> {
  return import(PROTOBUF_JS);
}

type Protobuf = Awaited<ReturnType<typeof loadProtobuf>>["default"];

/** What messages are read by. */
export type ProtobufReader = InstanceType<Protobuf["Reader"]>;

/** What messages are written by. */
export type ProtobufWriter = InstanceType<Protobuf["Writer"]>;
