// The peers by name. Each is imported when it is wanted: a process holds one library alone.
import type { Kind } from "../jobs/job.ts";
import type { Peer } from "./peer.ts";

/** How each peer is loaded. */
const PEERS = {
  "neocog-jit": async () => (await import("./neocog.ts")).neocogPeer(true),
  "neocog": async () => (await import("./neocog.ts")).neocogPeer(false),
  "jax-webgpu": async () => (await import("./jax.ts")).jaxPeer("webgpu"),
  "tfjs-webgpu": async () => (await import("./stock.ts")).stockPeer("webgpu"),
  "jax-wasm": async () => (await import("./jax.ts")).jaxPeer("wasm"),
  "tfjs-cpu": async () => (await import("./stock.ts")).stockPeer("cpu"),
} as const satisfies Readonly<Record<string, () => Promise<Peer>>>;

/** The peers in Python, which `../python/worker.py` loads. */
const PYTHON_PEERS = ["torch-cpu", "onnxruntime-cpu", "tinygrad-webgpu"] as const;

/** The name of a peer that runs in Deno. */
type DenoPeerName = keyof typeof PEERS;

/** The name of a peer that runs in Python. */
export type PythonPeerName = typeof PYTHON_PEERS[number];

/** A peer's name. */
export type PeerName = DenoPeerName | PythonPeerName;

/** The peers' names, neocog first, the slowest last. */
export const PEER_NAMES: readonly PeerName[] = [
  "neocog-jit",
  "neocog",
  "torch-cpu",
  "onnxruntime-cpu",
  "jax-webgpu",
  "tfjs-webgpu",
  "tinygrad-webgpu",
  "jax-wasm",
  "tfjs-cpu",
];

/** Whether a peer runs in Python. */
export function isPython(name: string): name is PythonPeerName {
  return PYTHON_PEERS.includes(name as PythonPeerName);
}

/** Of some kinds those that a peer can do. */
export function kindsOf(name: PeerName, kinds: readonly Kind[]): readonly Kind[] {
  return name === "onnxruntime-cpu" ? kinds.filter((kind) => kind === "inference") : kinds;
}

/** What each peer is, for the reader. */
export const PEER_TITLES: Readonly<Record<PeerName, string>> = {
  "neocog-jit": "neocog, jit",
  "neocog": "neocog, eager",
  "jax-webgpu": "jax-js, webgpu",
  "tfjs-webgpu": "stock tfjs-layers, webgpu",
  "jax-wasm": "jax-js, wasm",
  "tfjs-cpu": "tfjs-layers, plain JS",
  "torch-cpu": "PyTorch, CPU",
  "onnxruntime-cpu": "ONNX Runtime, CPU",
  "tinygrad-webgpu": "tinygrad, webgpu",
};

/**
 * Loads a peer of Deno's.
 *
 * @throws {RangeError} if the peer runs in Python
 */
export function loadPeer(name: PeerName): Promise<Peer> {
  if (!isPython(name)) return PEERS[name]();
  throw new RangeError(`Cannot load a peer: it must run in Deno, got ${name}`);
}
