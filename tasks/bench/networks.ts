// The networks that all peers build, described independently of them.

/** One layer, in the order they run. */
export type NetworkLayer =
  | { readonly op: "pad"; readonly pixels: number }
  | {
    readonly op: "conv";
    readonly features: number;
    readonly size: number;
    readonly stride: number;
    /** Pixels of zeros on every side. */
    readonly padding: number;
    readonly bias: boolean;
  }
  | { readonly op: "batchNorm" | "tanh" | "relu" | "maxPool" | "globalMeanPool" | "flatten" }
  | { readonly op: "dense"; readonly features: number }
  | { readonly op: "dropout"; readonly rate: number }
  /** Adds what went in, every second pixel of it and with channels of zeros if sizes differ. */
  | { readonly op: "residual"; readonly stride: number; readonly body: readonly NetworkLayer[] };

/** A network, as every peer builds it. */
export type Network = {
  /** Its name in neocog's registry of models, or of a wider CIFAR ResNet. */
  readonly model: string;
  /** Shape of an image, `[H, W, C]`. */
  readonly inputShape: readonly [number, number, number];
  readonly optimizer: "adam" | "momentum";
  readonly learningRate: number;
  readonly layers: readonly NetworkLayer[];
};

function conv(features: number, size: number, options: Partial<NetworkLayer> = {}): NetworkLayer {
  const defaults = { stride: 1, padding: 0, bias: true };
  return { op: "conv", features, size, ...defaults, ...options } as NetworkLayer;
}

const tanh = { op: "tanh" } as const;
const relu = { op: "relu" } as const;
const maxPool = { op: "maxPool" } as const;
const flatten = { op: "flatten" } as const;
const batchNorm = { op: "batchNorm" } as const;

/** LeNet-5, as `lenet5()` is. */
const LENET5: readonly NetworkLayer[] = [
  { op: "pad", pixels: 2 },
  conv(6, 5),
  tanh,
  maxPool,
  conv(16, 5),
  tanh,
  maxPool,
  flatten,
  { op: "dense", features: 120 },
  tanh,
  { op: "dense", features: 84 },
  tanh,
  { op: "dense", features: 10 },
];

/** The chapter's network, as `chapterMnist()` is. */
const CHAPTER: readonly NetworkLayer[] = [
  conv(32, 3),
  relu,
  conv(64, 3),
  relu,
  maxPool,
  { op: "dropout", rate: 0.25 },
  flatten,
  { op: "dense", features: 128 },
  relu,
  { op: "dropout", rate: 0.5 },
  { op: "dense", features: 10 },
];

/** The CIFAR ResNet of He et al. (2015), §4.2, with shortcuts A: 6 n + 2 layers. */
function cifarResnet(depth: number, width: number): readonly NetworkLayer[] {
  const conv3 = (features: number, stride = 1): NetworkLayer[] => [
    conv(features, 3, { stride, padding: 1, bias: false }),
    batchNorm,
  ];
  const blocks = [16, 32, 64].map((each) => each * width).flatMap((features, stage) =>
    Array.from({ length: (depth - 2) / 6 }, (_, i): NetworkLayer[] => {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      const body = [...conv3(features, stride), relu, ...conv3(features)];
      return [{ op: "residual", stride, body }, relu];
    })
  );
  const head = [{ op: "globalMeanPool" }, { op: "dense", features: 10 }] as const;
  return [...conv3(16 * width), relu, ...blocks.flat(), ...head];
}

/** Depth and width of a CIFAR ResNet's name: `resnet20`, or `resnet20x2`, of twice as many filters. */
export function cifarSize(model: string): { depth: number; width: number } | undefined {
  const found = /^resnet(\d+)(?:x([1-9]\d*))?$/.exec(model);
  return found ? { depth: Number(found[1]), width: Number(found[2] ?? 1) } : undefined;
}

/**
 * The network of a name.
 *
 * @throws {RangeError} if the bench has no such network
 */
export function networkOf(model: string): Network {
  const adam = { optimizer: "adam", learningRate: 0.001 } as const;
  const digits = { model, inputShape: [28, 28, 1], ...adam } as const;
  if (model === "lenet5") return { ...digits, layers: LENET5 };
  if (model === "chapter-mnist") return { ...digits, layers: CHAPTER };
  const { depth, width } = cifarSize(model) ?? { depth: NaN, width: 1 };
  if (!(depth % 6 === 2)) {
    throw new RangeError(
      `Cannot bench a network: it must be lenet5, chapter-mnist or a CIFAR ResNet, got ${model}${
        /\.[jt]s$/.test(model) ? ". A file is named by --model, with --profile" : ""
      }`,
    );
  }
  const momentum = { optimizer: "momentum", learningRate: 0.1 } as const;
  return { model, inputShape: [32, 32, 3], ...momentum, layers: cifarResnet(depth, width) };
}

/** The network without dropout, which every peer draws differently. */
export function withoutDropout(network: Network): Network {
  return { ...network, layers: network.layers.filter(({ op }) => op !== "dropout") };
}
