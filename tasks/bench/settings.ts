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

/** How thorough a run is. */
export type Effort = "quick" | "standard" | "full";

/** What a run of the bench measures. */
export type BenchSettings = {
  readonly effort: Effort;
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
  readonly full: boolean;
  readonly only: string | undefined;
  readonly models: string | undefined;
  readonly profile?: boolean;
  readonly forward?: boolean;
  readonly model?: string | undefined;
  readonly export?: string | undefined;
  readonly "batch-sizes": string | undefined;
  readonly peers: string | undefined;
  readonly ops: string | undefined;
  readonly rounds: number | undefined;
  readonly steps: number | undefined;
};

/** The operations of a run that is not full. */
const SOME_OPS = [
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

/** The models of the section `zoo` if the run is not full: what people run, and ask for first. */
const SOME_MODELS = [
  "squeezenet",
  "resnet18",
  "resnet50",
  "googlenet-torchvision",
  "mobilenet-v1",
  "mobilenet-v2",
  "shufflenet-v2",
  "efficientnet-b0",
];

/** Of each effort: what it leaves out, its batches, samples, and milliseconds of a process and in all. */
const EFFORTS = {
  quick: {
    without: ["agreement", "zoo"],
    batchSizes: [32],
    rounds: 1,
    steps: 2,
    sampleMs: 100,
    processLimit: 25_000,
    limit: 165_000,
  },
  standard: {
    without: ["agreement"],
    batchSizes: [32],
    rounds: 1,
    steps: 3,
    sampleMs: 100,
    processLimit: 40_000,
    limit: 285_000,
  },
  full: {
    without: [],
    batchSizes: [1, 32, 128],
    rounds: 3,
    steps: 3,
    sampleMs: 250,
    processLimit: 600_000,
    limit: Infinity,
  },
} as const;

/** Peers that are timed if the run is full or they are named: those in plain JavaScript and wasm. */
const SLOW_PEERS: readonly PeerName[] = ["jax-wasm", "tfjs-cpu"];

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

/** The models of a flag, of all there are and files of one's own; those of the effort if it is absent. */
function zooOf(text: string | undefined, standard: readonly string[]): readonly string[] {
  const known = Object.keys(models);
  const files = names(text ?? "").filter(isModelFile);
  return chosen("models", text, [...known, ...files], standard);
}

/**
 * What to measure by the flags.
 *
 * @throws {UsageError} if a name is unknown or a number out of range
 */
export function benchSettings(flags: BenchFlags): BenchSettings {
  const { quick, full } = flags;
  if (quick && full) throw new UsageError("Cannot use --quick with --full: give one of them");
  if (flags.model !== undefined && !flags.profile) {
    throw new UsageError(
      `Cannot use --model ${flags.model} without --profile: the bench takes several, --models, and your own in a file with --only zoo`,
    );
  }
  if (flags.forward && !flags.profile) {
    throw new UsageError("Cannot use --forward without --profile: it says what is profiled");
  }
  const effort = quick ? "quick" : full || flags.only !== undefined ? "full" : "standard";
  const { without, batchSizes, rounds, steps, ...limits } = EFFORTS[effort];
  const only = chosen(
    "only",
    flags.only,
    SECTIONS,
    SECTIONS.filter((name) => !(without as readonly Section[]).includes(name)),
  );
  const zooAlone = only.every((name) => name === "zoo");
  const everyModel = effort === "full" ? Object.keys(models) : SOME_MODELS;
  const fast = PEER_NAMES.filter((name) => effort === "full" || !SLOW_PEERS.includes(name));
  return {
    effort,
    only,
    models: zooAlone ? [] : modelsOf(flags.models, ["chapter-mnist", "resnet20", "lenet5"]),
    zoo: zooAlone ? zooOf(flags.models, everyModel) : everyModel,
    ...(flags.export === undefined ? {} : { export: flags.export }),
    batchSizes: batchSizesOf(flags["batch-sizes"], batchSizes),
    peers: chosen("peers", flags.peers, PEER_NAMES, fast),
    rounds: flags.rounds ?? rounds,
    steps: flags.steps ?? steps,
    ops: flags.ops === undefined ? (effort === "full" ? [] : SOME_OPS) : names(flags.ops),
    ...limits,
  };
}
