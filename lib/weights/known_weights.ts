// Published weights: their URLs, models and hashes.

/** A file of weights that can be fetched. */
export type WeightsSource = {
  /** Where the file is, `https:` or `http:`. */
  readonly url: string;
  /** The SHA-256 of the file in hexadecimal; if absent, that of the first download is trusted. */
  readonly sha256?: string;
  /** The file's size. */
  readonly bytes?: number;
};

/** A file of weights that is known, and what has to be known to use it. */
export type KnownWeights = WeightsSource & {
  /** The model's name in {@linkcode models}. */
  readonly model: string;
  /** Whose names the keys are: the `name` of one of the model's {@linkcode torchLayouts}. */
  readonly layout: string;
  /** The name of how pictures are prepared, of `preprocessings`. */
  readonly preprocessing: "torchvision" | "inception";
};

/**
 * A copy by timm (https://huggingface.co/timm) of weights that torchvision trained, under
 * torchvision's license (BSD-3-Clause).
 *
 * @param commit the version, or `main`
 */
function timm(
  repository: string,
  commit: string,
  rest: Omit<KnownWeights, "url" | "layout" | "preprocessing">,
): KnownWeights {
  return {
    url: `https://huggingface.co/timm/${repository}.tv_in1k/resolve/${commit}/model.safetensors`,
    layout: repository.startsWith("vgg") ? "timm" : "torchvision",
    preprocessing: "torchvision",
    ...rest,
  };
}

/**
 * Known weights by name, all trained on ImageNet. The hashes are those that independent public
 * projects have pinned for the same files (for resnet34, vgg11 and inception-v3 one project). Without
 * one, the file of the first download is trusted.
 */
export const knownWeights: Readonly<Record<string, KnownWeights>> = {
  "resnet18": timm("resnet18", "bbd144b3e5565108aad885f145491d11bc6ce807", {
    model: "resnet18",
    sha256: "694f673df6520a3158624e8a89af086f59923ee4cd7436fe5bc3bc71d295ad81",
    bytes: 46_807_446,
  }),
  "resnet34": timm("resnet34", "1b7b21cca82ff974d341713f777bf740c2db38c4", {
    model: "resnet34",
    sha256: "0bb82595a564991a9d424708b33f5d843f5aaed7f6c0886ff10849ff97022235",
    bytes: 87_278_522,
  }),
  "resnet50": timm("resnet50", "78f3ecfdb38e06d9b8397f662e7ab8fee96026fa", {
    model: "resnet50",
    sha256: "5d061a3c593d795bfe682d9b152bafbcf550579873492def3515b46db1189888",
    bytes: 102_469_840,
  }),
  "resnet101": timm("resnet101", "main", { model: "resnet101" }),
  "resnet152": timm("resnet152", "main", { model: "resnet152" }),
  "vgg11": timm("vgg11", "main", {
    model: "vgg11",
    sha256: "682c023808812148d4e60c76d80ad83dbeaf5d50eb1a952a0b836895003151e5",
  }),
  "vgg13": timm("vgg13", "main", { model: "vgg13" }),
  "vgg16": timm("vgg16", "b8d8aa2dd860af9233c8c67385a8097fd6c35d3f", {
    model: "vgg16",
    sha256: "57b026918159a6bf9faf8405c3a551903768e7138989d9c6224a14227203fad8",
  }),
  "vgg19": timm("vgg19", "main", { model: "vgg19" }),
  "vgg11-bn": timm("vgg11_bn", "main", { model: "vgg11-bn" }),
  "vgg13-bn": timm("vgg13_bn", "main", { model: "vgg13-bn" }),
  "vgg16-bn": timm("vgg16_bn", "main", { model: "vgg16-bn" }),
  "vgg19-bn": timm("vgg19_bn", "main", { model: "vgg19-bn" }),
  "inception-v3": {
    ...timm("inception_v3", "main", {
      model: "inception-v3",
      sha256: "9c452c63a67fd03a38a78c401ba12d4be0e926df63c93403de3a29f6df20fefb",
    }),
    preprocessing: "inception",
  },
};
