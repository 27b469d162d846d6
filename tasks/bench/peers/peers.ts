// The peers by name. Each is imported when it is wanted: a process holds one library alone.
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

/** A peer's name. */
export type PeerName = keyof typeof PEERS;

/** The peers' names, neocog first. */
export const PEER_NAMES = Object.keys(PEERS) as PeerName[];

/** What each peer is, for the reader. */
export const PEER_TITLES: Readonly<Record<PeerName, string>> = {
  "neocog-jit": "neocog, jit",
  "neocog": "neocog, eager",
  "jax-webgpu": "jax-js, webgpu",
  "tfjs-webgpu": "stock tfjs-layers, webgpu",
  "jax-wasm": "jax-js, wasm",
  "tfjs-cpu": "tfjs-layers, plain JS",
};

/** Loads a peer. */
export function loadPeer(name: PeerName): Promise<Peer> {
  return PEERS[name]();
}
