/**
 * neocog: scriptable ConvNets for Deno on WebGPU.
 *
 * @module
 */

// Device
export {
  type BackendName,
  type Device,
  start,
  type StartOptions,
  stop,
} from "./lib/device/start.ts";
export type { PowerPreference } from "./lib/device/adapter.ts";
export { DeviceError, type DeviceErrorKind } from "./lib/device/errors.ts";
export { type Argument, jit, type JitOptions, type Jitted } from "./lib/device/jit/jit.ts";
export { type Counters, counters } from "./lib/device/counters.ts";
export { profile, type ProfileEntry } from "./lib/device/profile.ts";

// Tensors
export { tf } from "./lib/tensor/tf.ts";
export {
  type Scalar,
  type Shape,
  sizeOf,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
} from "./lib/tensor/tensor.ts";
export {
  disposeTree,
  entries,
  leaves,
  mapTree,
  merge,
  type PartialTree,
  partition,
  type Path,
  type Tree,
} from "./lib/tensor/tree.ts";
export {
  fold,
  type Key,
  key,
  normal,
  permutation,
  split,
  uniform,
  word,
} from "./lib/tensor/random.ts";
export { type ValueAndGrad, valueAndGrad } from "./lib/tensor/grad.ts";
export type { Activation } from "./lib/tensor/activation.ts";
export { convolve, type ConvolveOptions } from "./lib/tensor/convolve.ts";
export { warp, type WarpEdge, type WarpOptions } from "./lib/tensor/affine.ts";
export type { AffineMap } from "./lib/tensor/affine_map.ts";
export { dropUnits } from "./lib/tensor/drop_units.ts";
export type { RateRule } from "./lib/tensor/update_trees.ts";

// Layers
export {
  type AnyLayer,
  type Arrangement,
  type Child,
  type Context,
  countParameters,
  countSlots,
  type Declaration,
  type Empty,
  enter,
  init,
  type Initialized,
  type Intercept,
  type Layer,
  type NamedLayers,
  type ParamsOf,
  type Site,
  type Slot,
  type Slots,
  type StateOf,
} from "./lib/layers/layer.ts";
export {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  lecunNormal,
  lecunUniform,
  ones,
  scaledNormal,
  zeros,
} from "./lib/layers/initializers.ts";
export type { Padding, Pair, Rounding } from "./lib/layers/window.ts";
export { conv, type ConvOptions, type ConvParams } from "./lib/layers/conv.ts";
export {
  type ConnectionTable,
  tableConv,
  type TableConvOptions,
  type TableConvParams,
} from "./lib/layers/table_conv.ts";
export { radialBasis, type RadialBasisState } from "./lib/layers/radial_basis.ts";
export { subsample, type SubsampleOptions, type SubsampleParams } from "./lib/layers/subsample.ts";
export { dense, type DenseOptions, type DenseParams } from "./lib/layers/dense.ts";
export {
  globalMeanPool,
  maxPool,
  meanPool,
  type MeanPoolOptions,
  normPool,
  type NormPoolOptions,
  type PoolOptions,
} from "./lib/layers/pool.ts";
export {
  identity,
  leakyRelu,
  relu,
  scaledTanh,
  sigmoid,
  softmax,
  tanh,
} from "./lib/layers/activation.ts";
export { flatten, padTo } from "./lib/layers/reshape.ts";
export { zeroPadShortcut, type ZeroPadShortcutOptions } from "./lib/layers/shortcut.ts";
export { dropout } from "./lib/layers/dropout.ts";
export {
  batchNorm,
  type BatchNormOptions,
  type BatchNormParams,
  type BatchNormState,
} from "./lib/layers/norm.ts";
export {
  localResponseNorm,
  type LocalResponseNormOptions,
} from "./lib/layers/local_response_norm.ts";
export type { Cost, PlacedWindow } from "./lib/layers/cost.ts";
export { adaptiveMeanPool } from "./lib/layers/adaptive_pool.ts";
export {
  auxiliary,
  type AuxiliaryLayer,
  type AuxiliaryOptions,
  auxiliaryWeights,
} from "./lib/layers/auxiliary.ts";
export { sequential } from "./lib/layers/sequential.ts";
export { concat, type Join, parallel, residual, sum } from "./lib/layers/parallel.ts";

// Models
export { lenet5, type LeNet5Options, type LeNet5Params } from "./lib/models/lenet.ts";
export {
  lenet5Of1998,
  type LeNet5Of1998Options,
  type LeNet5Of1998Params,
  type LeNet5Of1998State,
} from "./lib/models/lenet5_1998.ts";
export { compactConvnet, type CompactConvnetOptions } from "./lib/models/compact_convnet.ts";
export {
  chapterMnist,
  type ChapterMnistOptions,
  type ChapterMnistParams,
} from "./lib/models/chapter_mnist.ts";
export {
  cifarResnet,
  type CifarResnetBlocks,
  type CifarResnetOptions,
  type CifarResnetParams,
  type CifarResnetVariantOptions,
} from "./lib/models/cifar_resnet.ts";
export {
  plain110,
  plain20,
  plain32,
  plain44,
  plain56,
  resnet110,
  resnet20,
  resnet32,
  resnet44,
  resnet56,
} from "./lib/models/cifar_resnets.ts";
export {
  alexnet,
  type AlexNetOptions,
  type AlexNetParams,
  alexnetTorchvision,
  alexnetUngrouped,
} from "./lib/models/alexnet.ts";
export type { DenseHead, DenseHeadOptions, DenseHeadParams } from "./lib/models/dense_head.ts";
export { zfnet, type ZFNetOptions, type ZFNetParams, zfnetWide } from "./lib/models/zfnet.ts";
export { vgg, type VggOptions, type VggParams, type VggVariantOptions } from "./lib/models/vgg.ts";
export {
  vgg11,
  vgg11Bn,
  vgg13,
  vgg13Bn,
  vgg16,
  vgg16Bn,
  vgg19,
  vgg19Bn,
} from "./lib/models/vggs.ts";
export {
  type FireParams,
  squeezenet,
  type SqueezeNetOptions,
  type SqueezeNetParams,
} from "./lib/models/squeezenet.ts";
export type { ResidualBlocks } from "./lib/models/residual_stage.ts";
export {
  resnet,
  type ResnetOptions,
  type ResnetParams,
  type ResnetVariantOptions,
} from "./lib/models/resnet.ts";
export { resnet101, resnet152, resnet18, resnet34, resnet50 } from "./lib/models/resnets.ts";

export {
  googlenet,
  type GoogLeNetOptions,
  type GoogLeNetParams,
  googlenetTorchvision,
} from "./lib/models/googlenet.ts";
export {
  inceptionV3,
  type InceptionV3Options,
  type InceptionV3Params,
} from "./lib/models/inception_v3.ts";

export { findModel, type ModelEntry, type ModelOptions, models } from "./lib/models/registry.ts";

// Sizing
export { convOutput, type SlidingOptions } from "./lib/sizing/conv_output.ts";
export { poolOutput } from "./lib/sizing/pool_output.ts";
export { samePadding, type SamePaddingOptions } from "./lib/sizing/same_padding.ts";
export { convParameters, type ConvParametersOptions } from "./lib/sizing/conv_parameters.ts";
export { type LayerSize, type ModelSize, sizeOfModel } from "./lib/sizing/model_size.ts";
export {
  OPTIMIZER_MEMORIES,
  type OptimizerMemory,
  type TrainingMemory,
  trainingMemory,
  type TrainingMemoryOptions,
} from "./lib/sizing/training_memory.ts";
export { summary } from "./lib/sizing/summary.ts";
export { drawing, type DrawingOptions } from "./lib/sizing/drawing.ts";
export { type Compared, comparison, type Result } from "./lib/sizing/comparison.ts";
export { comparisonChart } from "./lib/sizing/comparison_chart.ts";

// Data
export { type Idx, parseIdx, readIdx } from "./lib/data/sources/idx.ts";
export { type DataSplit, type Examples, splitValidation, take } from "./lib/data/examples.ts";
export { type ImageSource, readExamples } from "./lib/data/image_source.ts";
export { type Batch, batches, type BatchOptions, type Dataset } from "./lib/data/dataset.ts";
/** Data sets made of data sets, lazily: for loops of one's own. */
export * as datasets from "./lib/data/combinators.ts";
export type { Normalization } from "./lib/data/normalization.ts";
export { type IdxOptions, mnist } from "./lib/data/sources/mnist.ts";
export { imagenetClasses } from "./lib/data/sources/imagenet_classes.ts";
export { fashionMnist } from "./lib/data/sources/fashion_mnist.ts";
export {
  type ImageFolder,
  imageFolder,
  type ImageFolderOptions,
} from "./lib/data/sources/image_folder.ts";
export type { BrokenFile, CacheUse } from "./lib/data/sources/pixel_cache.ts";
export { cifar10, cifar10Classes, type Cifar10Options } from "./lib/data/sources/cifar10.ts";

// Augmentation
export type { Augmentation, AugmentedBatch, BatchShape } from "./lib/augment/augmentation.ts";
export { compose } from "./lib/augment/compose.ts";
export type { EdgeOptions, GeometricAugmentation } from "./lib/augment/geometric.ts";
export { randomCrop } from "./lib/augment/random_crop.ts";
export { flip } from "./lib/augment/flip.ts";
export { resizedCrop, type ResizedCropOptions } from "./lib/augment/resized_crop.ts";
export { affine, type RandomAffineOptions, rotation } from "./lib/augment/affine.ts";
export {
  brightness,
  colorJitter,
  type ColorJitterOptions,
  contrast,
  saturation,
  type Strength,
} from "./lib/augment/color_jitter.ts";
export { pcaColors } from "./lib/augment/pca_colors.ts";
export type { ColorAugmentation, Stage } from "./lib/augment/recoloring.ts";
export { randomErasing, type RandomErasingOptions } from "./lib/augment/random_erasing.ts";
export { mixup } from "./lib/augment/mixup.ts";
export { cutmix } from "./lib/augment/cutmix.ts";
export type { MixingOptions } from "./lib/augment/mixing.ts";
export type { Interval } from "./lib/augment/random_box.ts";
export { labelSmoothing } from "./lib/augment/label_smoothing.ts";
export { type AugmentationEntry, augmentations } from "./lib/augment/registry.ts";
export { parseAugmentations } from "./lib/augment/parse_augmentations.ts";
export { contactSheet, type ContactSheetOptions } from "./lib/augment/contact_sheet.ts";

// Training
export { type Loss, meanSquaredError, softmaxCrossEntropy } from "./lib/losses/losses.ts";
export { applyUpdates, type Optimizer, scale, stepWith } from "./lib/optimizers/optimizer.ts";
export { chain } from "./lib/optimizers/chain.ts";
export { sgd, type SgdOptions } from "./lib/optimizers/sgd.ts";
export { adam, type AdamOptions, type AdamState } from "./lib/optimizers/adam.ts";
export { adamw, type AdamWOptions } from "./lib/optimizers/adamw.ts";
export { rmsprop, type RmspropOptions } from "./lib/optimizers/rmsprop.ts";
export { lars, type LarsOptions } from "./lib/optimizers/lars.ts";
export { decayKernelsOnly, type DecayOptions, weightDecay } from "./lib/optimizers/weight_decay.ts";
export { clipByNorm, clipByValue, globalNorm } from "./lib/optimizers/clip.ts";
export { accumulate } from "./lib/optimizers/accumulate.ts";
export { averagedParams, ema, type EmaOptions } from "./lib/optimizers/moving_average.ts";
export { type PathRule, perPath } from "./lib/optimizers/per_path.ts";
export {
  adjustable,
  type AdjustableState,
  factorOf,
  withFactor,
} from "./lib/optimizers/adjustable.ts";
export {
  type PlateauController,
  type PlateauOptions,
  type PlateauState,
  reduceOnPlateau,
} from "./lib/optimizers/reduce_on_plateau.ts";
export { descend, type LearningRate, type Schedule } from "./lib/optimizers/schedule.ts";
export {
  cosineDecay,
  type CosineDecayOptions,
  cosineRestarts,
  type CosineRestartsOptions,
} from "./lib/optimizers/cosine_decay.ts";
export { oneCycle, type OneCycleOptions } from "./lib/optimizers/one_cycle.ts";
export {
  type DecayScheduleOptions,
  exponentialDecay,
  stepDecay,
} from "./lib/optimizers/step_decay.ts";
export {
  piecewise,
  type SchedulePiece,
  warmUp,
  type WarmUpOptions,
} from "./lib/optimizers/piecewise.ts";
export {
  findLearningRate,
  type FindLearningRateOptions,
  type FoundLearningRate,
  type SweepStep,
} from "./lib/train/learning_rate/find_learning_rate.ts";
export type { Sweep } from "./lib/train/learning_rate/learning_rate_sweep.ts";
export {
  learningRateSvg,
  type LearningRateSvgOptions,
} from "./lib/train/learning_rate/learning_rate_curve.ts";
export { weightedCrossEntropy } from "./lib/losses/weighted_cross_entropy.ts";
export { classWeights } from "./lib/train/class_weights.ts";
export {
  type ClassReport,
  classReport,
  classReportCsv,
  confusionCsv,
} from "./lib/train/report/class_report.ts";
export { type WrongAnswer, wrongest, wrongestOf } from "./lib/train/report/wrongest.ts";
export { wrongestPicture } from "./lib/train/report/wrongest_picture.ts";
export type { AuxiliaryLosses } from "./lib/train/auxiliary_losses.ts";
export {
  type StepResult,
  type Trained,
  trainStep,
  type TrainStepOptions,
} from "./lib/train/step.ts";
export { fit } from "./lib/train/fit.ts";
export { type FitOptions, stepsPerEpoch } from "./lib/train/fit_options.ts";
export type { EpochReport, StepReport } from "./lib/train/reports.ts";
export {
  type Answer,
  type Answered,
  type Callback,
  type EpochAnswer,
  type Memories,
  type Memory,
} from "./lib/train/callbacks/callback.ts";
export type { Monitored, MonitorOptions } from "./lib/train/callbacks/monitor.ts";
export { earlyStopping, type EarlyStoppingOptions } from "./lib/train/callbacks/early_stopping.ts";
export { checkpoints, type CheckpointsOptions } from "./lib/train/callbacks/checkpoints.ts";
export { csvLog } from "./lib/train/callbacks/csv_log.ts";
export { jsonLines } from "./lib/train/callbacks/json_lines.ts";
export { plateau, type PlateauCallbackOptions } from "./lib/train/callbacks/plateau.ts";
export { timeLimit } from "./lib/train/callbacks/time_limit.ts";
export { keptWeights } from "./lib/train/callbacks/kept_weights.ts";
export type { Trainable } from "./lib/train/trainable.ts";
export {
  type BeginOptions,
  beginTraining,
  disposeTraining,
  type Progress,
  type Totals,
  type Training,
} from "./lib/train/training.ts";
export {
  evaluate,
  type EvaluateOptions,
  type Evaluation,
  predict,
  type Weights,
} from "./lib/train/evaluate.ts";
export { type Answers, topAccuracy } from "./lib/train/answers.ts";
export { type Confusion, confusionMatrix, correctCount, topClasses } from "./lib/train/metrics.ts";

export { progressOf, restoreTraining, restoreWeights, snapshot } from "./lib/train/snapshot.ts";
export { type EpochRecord, historyCsv } from "./lib/train/report/history.ts";
export { type CurvesOptions, curvesSvg, type StepRecord } from "./lib/train/report/curves.ts";
export {
  type Line,
  type LineChart,
  lineChartSvg,
  type LinePanel,
  type LinePoints,
} from "./lib/chart/line_chart.ts";

// Transfer
export { freeze, matchPaths } from "./lib/transfer/paths.ts";
export {
  headOf,
  type TransferredWeights,
  transferWeights,
  type TransferWeightsOptions,
} from "./lib/transfer/weights.ts";
export { type FrozenSplit, pickNames, splitFrozen } from "./lib/transfer/split.ts";
export { cachedFeatures, type CachedFeaturesOptions, onFeatures } from "./lib/transfer/features.ts";
export type { FeatureSource } from "./lib/data/feature_source.ts";
export {
  type FineTune,
  layerRates,
  type PhaseOptions,
  trainableFrom,
  type TransferPhaseName,
} from "./lib/transfer/phases.ts";
export type {
  PhasePlan,
  TransferOptions,
  TransferPoint,
  TransferReport,
} from "./lib/transfer/options.ts";
export { transfer } from "./lib/transfer/transfer.ts";
export { restoreTransfer, snapshotTransfer } from "./lib/transfer/restore.ts";

// Looking inside
export { activations } from "./lib/explain/activations.ts";
export {
  type Features,
  features,
  type FeaturesOptions,
  pixelFeatures,
} from "./lib/explain/embedding/features.ts";
export type { GoThroughOptions } from "./lib/explain/go_through.ts";
export {
  labelAgreement,
  nearestNeighbors,
  type Neighbor,
  rowOf,
} from "./lib/explain/embedding/neighbors.ts";
export {
  type NeighborsFigure,
  neighborsFigure,
  type NeighborsFigureOptions,
  type Space,
} from "./lib/explain/embedding/neighbors_figure.ts";
export { patchesFigure, type PatchesFigureOptions } from "./lib/explain/patches/patches_figure.ts";
export {
  type PrincipalComponents,
  principalComponents,
  type PrincipalComponentsOptions,
} from "./lib/explain/embedding/principal_components.ts";
export { umap, type UmapOptions } from "./lib/explain/embedding/umap.ts";
export { type ScatterOptions, scatterSvg } from "./lib/explain/embedding/scatter.ts";
export { exampleImage } from "./lib/explain/example_image.ts";
export { cropTo, type PixelBox, receptiveBoxes } from "./lib/explain/patches/receptive_box.ts";
export type { Peak } from "./lib/explain/patches/strongest_places.ts";
export {
  type Patch,
  topPatches,
  type TopPatchesOptions,
  type UnitPatches,
  type Units,
} from "./lib/explain/patches/top_patches.ts";
export { type LayerInfo, layersOf, type Network, requireLayer } from "./lib/explain/network.ts";
export {
  BACKWARD_RULES,
  type BackwardRule,
  requireRule,
  ruleIntercept,
} from "./lib/explain/backward_rule.ts";
export {
  channel,
  classLogit,
  direction,
  layerEnergy,
  neuron,
  type Objective,
  weighted,
} from "./lib/explain/objective.ts";
export { beginningOf, type BeginningOptions } from "./lib/explain/beginning.ts";
export { requireConvolution } from "./lib/explain/convolution.ts";
export { filterGrid, type FilterGridOptions } from "./lib/explain/filters.ts";
export { activationGrid, type ActivationGridOptions } from "./lib/explain/activation_grid.ts";
export { imagesOf, pixelsOf } from "./lib/explain/images_of.ts";
export type { Normalize } from "./lib/explain/spans.ts";
export { inputGradient, type InputGradientOptions } from "./lib/explain/input_gradient.ts";
export { type InputUnits, toInputs, toPixels, UNIT_PIXELS } from "./lib/explain/input_units.ts";
export {
  type Attribution,
  attributionMap,
  type LongOptions,
  type Target,
} from "./lib/explain/attribution/attribution.ts";
export {
  inputTimesGradient,
  saliency,
  type SaliencyOptions,
} from "./lib/explain/attribution/saliency.ts";
export { smoothGrad, type SmoothGradOptions } from "./lib/explain/attribution/smooth_grad.ts";
export type { Baseline } from "./lib/explain/attribution/baseline.ts";
export type { QuadratureRule } from "./lib/explain/attribution/quadrature.ts";
export {
  type IntegratedGradients,
  integratedGradients,
  type IntegratedGradientsOptions,
} from "./lib/explain/attribution/integrated_gradients.ts";
export {
  type GradCam,
  gradCam,
  type GradCamOptions,
  guidedGradCam,
} from "./lib/explain/attribution/grad_cam.ts";
export { occlusion, type OcclusionOptions } from "./lib/explain/attribution/occlusion.ts";
export { occlusionWindow } from "./lib/explain/attribution/occlusion_places.ts";

// Making pictures
export {
  ascend,
  type Ascended,
  type AscendOptions,
  type AscendReport,
  type Regularizer,
  type Transform,
} from "./lib/generate/ascend.ts";
export {
  normalizedAscent,
  type NormalizedAscentOptions,
} from "./lib/generate/normalized_ascent.ts";
export {
  type Parametrization,
  pixels,
  type PixelsOptions,
} from "./lib/generate/parametrization.ts";
export { fourier, type FourierOptions, type Spectrum } from "./lib/generate/fourier.ts";
export { affineChain, lucidTransforms } from "./lib/generate/affine_chain.ts";
export {
  type AffineOptions,
  type AffineTransform,
  jitter,
  pad,
  rescale,
  rotate,
} from "./lib/generate/transforms.ts";
export { centerBlur, type CenterBlurOptions } from "./lib/generate/center_blur.ts";
export {
  alphaNorm,
  l1,
  l2,
  totalVariation,
  type TotalVariationOptions,
} from "./lib/generate/regularizers.ts";
export {
  classImage,
  type ClassImageOptions,
  type ClassImageStyle,
  classScore,
} from "./lib/generate/class_image.ts";
export {
  deepDream,
  type DeepDreamOptions,
  type DreamReport,
  type Dreamt,
} from "./lib/generate/deep_dream.ts";
export {
  inversionStrip,
  type InversionStripOptions,
  invert,
  type Inverted,
  type InvertOptions,
  type StripPart,
  type StripReport,
} from "./lib/generate/inversion.ts";
export { diversity, gramMatrix, guidedBy, likeness, style } from "./lib/generate/objectives.ts";

// Adversarial images
export type {
  Attacked,
  AttackOptions,
  AttackReport,
  TargetedOptions,
} from "./lib/generate/adversarial/attack.ts";
export {
  type AttackPass,
  type AttackSession,
  attackSession,
  type AttackSessionOptions,
} from "./lib/generate/adversarial/session.ts";
export { imageDistances, type Norm, NORMS } from "./lib/generate/adversarial/norm.ts";
export { logitAscent, type LogitAscentOptions } from "./lib/generate/adversarial/logit_ascent.ts";
export { fgsm, type FgsmOptions } from "./lib/generate/adversarial/fgsm.ts";
export { bim, type BimOptions } from "./lib/generate/adversarial/bim.ts";
export { pgd, type PgdOptions } from "./lib/generate/adversarial/pgd.ts";
export { deepFool, type DeepFoolOptions } from "./lib/generate/adversarial/deep_fool.ts";
export {
  carliniWagner,
  type CarliniWagnerOptions,
} from "./lib/generate/adversarial/carlini_wagner.ts";
export {
  type Attack,
  type Robustness,
  robustness,
  type RobustnessOptions,
  type RobustnessReport,
} from "./lib/generate/adversarial/robustness.ts";
export {
  type RobustnessChart,
  robustnessSvg,
} from "./lib/generate/adversarial/robustness_chart.ts";

// Pictures
export { decodeImage } from "./lib/image/codecs/decode.ts";
export { encodePng } from "./lib/image/codecs/encode.ts";
export { toGray } from "./lib/image/gray.ts";
export { resize, type ResizeFilter } from "./lib/image/resize.ts";
export { type Preprocessing, preprocessings } from "./lib/image/preprocessing.ts";
export { inputShapeOf, preprocess } from "./lib/image/preprocess.ts";
export { parsePreprocessing, preprocessingOf } from "./lib/image/parse_preprocessing.ts";
export type { Image } from "./lib/image/image.ts";
export { grid, type GridOptions } from "./lib/image/grid.ts";
export { sideBySide, type SideBySideOptions } from "./lib/image/side_by_side.ts";
export { labeled, type LabelOptions } from "./lib/image/label.ts";
export { type ColorMap, colorMaps, diverging, grays, viridis } from "./lib/image/color_map.ts";
export {
  heatMap,
  type HeatMapOptions,
  overlay,
  type OverlayOptions,
} from "./lib/image/heat_map.ts";
export { encodeGif, type GifOptions } from "./lib/image/codecs/encode_gif.ts";
export { enlarge } from "./lib/image/enlarge.ts";
export type { Color, Ground } from "./lib/image/color.ts";

// Weights
export { type FileContents, writeFileAtomically } from "./lib/files/atomic_file.ts";
export {
  type Checkpoint,
  parseCheckpoint,
  readCheckpoint,
  serializeCheckpoint,
  type Tensors,
  writeCheckpoint,
} from "./lib/weights/checkpoint.ts";
export type { HostDtype, HostTensor, HostValues } from "./lib/weights/host_tensor.ts";
export type { Json } from "./lib/weights/json.ts";
export type { DownloadOptions } from "./lib/files/download.ts";
export type { CachedFileOptions } from "./lib/files/cached_file.ts";
export {
  type KnownWeights,
  knownWeights,
  type WeightsSource,
} from "./lib/weights/known_weights.ts";
export {
  pretrained,
  type PretrainedFile,
  type PretrainedOptions,
} from "./lib/weights/pretrained.ts";
export {
  type LoadedTorch,
  loadTorch,
  recognize,
  type Recognized,
} from "./lib/weights/recognize.ts";
export { requireShapes } from "./lib/weights/require_shapes.ts";
export {
  hostTensor,
  parseSafetensors,
  type Safetensors,
  type SafetensorsEntry,
} from "./lib/weights/safetensors.ts";
export {
  openSafetensors,
  type SafetensorsFile,
  type TensorInfo,
} from "./lib/weights/safetensors_file.ts";
export {
  type LazyTensor,
  serializeSafetensors,
  writeSafetensors,
  type WrittenValues,
} from "./lib/weights/safetensors_write.ts";
export type { SafetensorsDtype } from "./lib/weights/safetensors_dtype.ts";
export { type TensorSource, tensorSource } from "./lib/weights/tensor_source.ts";
export {
  fromTorch,
  type FromTorchOptions,
  type TorchWeights,
  toTorch,
  writeTorch,
} from "./lib/weights/torch.ts";
export type { TorchLayout } from "./lib/weights/torch_layout.ts";
export { torchLayouts } from "./lib/weights/torch_layouts.ts";

// Text
export { nearest, unknownName } from "./lib/text/nearest.ts";
export { type Alignment, table, type TableOptions } from "./lib/text/table.ts";
