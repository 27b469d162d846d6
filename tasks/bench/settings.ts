// What a run of the bench measures, from its flags.
import { models } from "../../mod.ts";
import { unknownName } from "../../lib/text/nearest.ts";
import { refuse, UsageError } from "../command.ts";
import { isModelFile } from "../own_model.ts";
import { networkOf } from "./networks.ts";
import { PEER_NAMES, type PeerName } from "./peers/peers.ts";

/** The parts of the bench in their order, the shortest first. */
export const SECTIONS = [
  "startup",
  "agreement",
  "cost",
  "ops",
  "training",
  "inference",
  "growth",
  "zoo",
] as const;

/** A part of the bench. */
export type Section = typeof SECTIONS[number];

/** What a run of the bench measures. */
export type BenchSettings = {
  readonly quick: boolean;
  readonly only: readonly Section[];
  readonly models: readonly string[];
  /** The models of the section `zoo`. */
  readonly zoo: readonly string[];
  /** The export of a file of `zoo` that makes its model. */
  readonly export?: string;
  readonly batchSizes: readonly number[];
  readonly peers: readonly PeerName[];
  readonly rounds: number;
  /** Samples of a figure in each round. */
  readonly steps: number;
  /** How long a sample should take, in milliseconds. */
  readonly sampleMs: number;
  /** Words that choose single operations; all if there are none. */
  readonly ops: readonly string[];
  /** Milliseconds a process may take. */
  readonly processLimit: number;
  /** Milliseconds that the whole run may take. */
  readonly limit: number;
};

/** The flags; `undefined` if a flag is absent. */
export type BenchFlags = {
  readonly quick: boolean;
  readonly only: string | undefined;
  readonly models: string | undefined;
  readonly export?: string | undefined;
  readonly "batch-sizes": string | undefined;
  readonly peers: string | undefined;
  readonly ops: string | undefined;
  readonly rounds: number | undefined;
  readonly steps: number | undefined;
};

/** The operations of a quick run. */
const QUICK_OPS = [
  "square 512",
  "chapter dense1",
  "LeNet-5 conv2",
  "chapter conv2",
  "ResNet-20 stage 1",
  "ResNet-20 strided",
  "1×1 down",
  "max pool",
  "batch norm",
  "cross-entropy",
];

/** Names separated by commas. */
function names(text: string): string[] {
  return text.split(",").map((name) => name.trim()).filter((name) => name !== "");
}

function chosen<Name extends string>(
  flag: string,
  text: string | undefined,
  known: readonly Name[],
  standard: readonly Name[],
): readonly Name[] {
  if (text === undefined) return standard;
  const given = names(text);
  if (given.length === 0) {
    throw new UsageError(`Cannot use --${flag}: it must be of ${known.join(", ")}, got none`);
  }
  for (const name of given) {
    if (!known.includes(name as Name)) throw new UsageError(unknownName(flag, name, known));
  }
  return known.filter((name) => given.includes(name));
}

function batchSizesOf(text: string | undefined, standard: readonly number[]): readonly number[] {
  if (text === undefined) return standard;
  return names(text).map((each) => {
    const size = Number(each);
    if (Number.isSafeInteger(size) && size >= 1) return size;
    return refuse("--batch-sizes", "whole numbers of at least 1, separated by commas", each);
  });
}

/**
 * The models of a flag.
 *
 * @param text names separated by commas, if given
 * @param standard what to take if not
 */
function modelsOf(
  text: string | undefined,
  standard: readonly string[],
): readonly string[] {
  if (text === undefined) return standard;
  return names(text).map((model) => {
    try {
      return networkOf(model).model;
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
  });
}

/** The models of a flag, of all there are and files of one's own; all there are if it is absent. */
function zooOf(text: string | undefined): readonly string[] {
  const known = Object.keys(models);
  const files = names(text ?? "").filter(isModelFile);
  return chosen("models", text, [...known, ...files], known);
}

/**
 * What to measure by the flags.
 *
 * @throws {UsageError} if a name is unknown or a number out of range
 */
export function benchSettings(flags: BenchFlags): BenchSettings {
  const { quick } = flags;
  // Only on request: the zoo takes as long as all the others.
  const standard = SECTIONS.filter((name) => name !== "zoo" && !(quick && name === "agreement"));
  const only = chosen("only", flags.only, SECTIONS, standard);
  const zooAlone = only.every((name) => name === "zoo");
  return {
    quick,
    only,
    models: zooAlone ? [] : modelsOf(flags.models, ["chapter-mnist", "resnet20", "lenet5"]),
    zoo: zooAlone ? zooOf(flags.models) : Object.keys(models),
    ...(flags.export === undefined ? {} : { export: flags.export }),
    batchSizes: batchSizesOf(flags["batch-sizes"], quick ? [32] : [1, 32, 128]),
    peers: chosen("peers", flags.peers, PEER_NAMES, PEER_NAMES),
    rounds: flags.rounds ?? (quick ? 1 : 3),
    steps: flags.steps ?? (quick ? 2 : 3),
    sampleMs: quick ? 100 : 250,
    ops: flags.ops === undefined ? (quick ? QUICK_OPS : []) : names(flags.ops),
    processLimit: quick ? 25_000 : 600_000,
    limit: quick ? 165_000 : Infinity,
  };
}
