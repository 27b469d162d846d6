// The settings of a transfer: from flags, or from the checkpoint that is resumed.
import { type Json, key, type TransferOptions } from "../../mod.ts";
import { parseAugmentations } from "../../lib/augment/mod.ts";
import type { Preprocessing } from "../../lib/image/mod.ts";
import { refuse, UsageError } from "../command.ts";
import type { KeptModel } from "../own_model.ts";
import { requireSame } from "../train/settings.ts";

/** All that decides a transfer's numbers, except the pictures themselves. */
export type TransferSettings = KeptModel & {
  /** The weights that it began from. */
  readonly weights: string;
  readonly data: string;
  readonly size: number | null;
  readonly testFraction: number;
  readonly skipBroken: boolean;
  /** Patterns of what is frozen while the head is trained; all but the head if `null`. */
  readonly freeze: string | null;
  readonly head: string | null;
  readonly epochs: number;
  readonly learningRate: number;
  readonly fineTuneFrom: string | null;
  readonly fineTuneEpochs: number;
  readonly fineTuneRates: string;
  readonly augment: string | null;
  readonly batchSize: number;
  readonly seed: number;
  readonly preprocessing: Preprocessing;
};

/** Settings by flags; `undefined` if a flag is absent. */
export type TransferFlagSettings = {
  readonly [Name in keyof Omit<TransferSettings, "preprocessing">]?:
    | TransferSettings[Name]
    | undefined;
};

/** The settings of absent flags. */
const DEFAULTS = {
  size: null,
  testFraction: 0.2,
  skipBroken: false,
  freeze: null,
  head: null,
  epochs: 20,
  learningRate: 0.01,
  fineTuneFrom: null,
  fineTuneEpochs: 3,
  fineTuneRates: "1e-5,1e-4",
  augment: null,
  batchSize: 32,
  seed: 0,
} as const;

/** Settings of a new transfer. */
export function newTransferSettings(
  chosen: TransferFlagSettings & { readonly weights: string; readonly data: string },
  model: KeptModel,
  preprocessing: Preprocessing,
): TransferSettings {
  const said = Object.entries(chosen).filter(([, value]) => value !== undefined);
  const settings = { ...DEFAULTS, ...Object.fromEntries(said), ...model, preprocessing };
  if (settings.fineTuneFrom === null && chosen.fineTuneEpochs !== undefined) {
    throw new UsageError("Cannot use --fine-tune-epochs: it needs --fine-tune-from");
  }
  if (settings.fineTuneFrom === null && chosen.augment !== undefined) {
    throw new UsageError(
      "Cannot use --augment: it needs --fine-tune-from, as fine-tuning augments",
    );
  }
  return settings as TransferSettings;
}

/**
 * Settings of a resumed transfer: the checkpoint's.
 *
 * @throws {UsageError} if a flag differs from the checkpoint: the numbers would be another run's
 */
export function resumedTransferSettings(
  chosen: TransferFlagSettings,
  kept: TransferSettings,
): TransferSettings {
  // Where the pictures lie may change; what they are is checked by their classes.
  requireSame(chosen, kept, ["data", "modelSha256"]);
  return {
    ...kept,
    data: chosen.data ?? kept.data,
    modelSha256: chosen.modelSha256 ?? kept.modelSha256 ?? null,
  };
}

/**
 * The settings in a transfer's checkpoint.
 *
 * @param run the `run` of the checkpoint
 * @throws {TypeError} if it is not a transfer's: its network has its old head
 */
export function transferSettingsOf(run: Json, file: string): TransferSettings {
  const { transfer, classNames } = (run ?? {}) as { transfer?: Json; classNames?: Json };
  const settings = transfer as unknown as TransferSettings | undefined;
  if (typeof settings?.model === "string" && typeof settings.data === "string") return settings;
  const classes = Array.isArray(classNames) ? ` of ${classNames.length} classes` : "";
  throw new TypeError(
    `Cannot resume from ${file}: it must be a checkpoint of deno task transfer, got one from before the head was replaced${classes}. To begin from it, pass it as --weights without --resume`,
  );
}

/** The patterns that a flag lists. */
function patternsIn(value: string): string[] {
  return value.split(",").map((pattern) => pattern.trim());
}

/** Two rates of a flag. */
function ratesIn(value: string): [number, number] {
  const rates = value.split(",").map(Number);
  if (rates.length === 2 && rates.every((rate) => Number.isFinite(rate) && rate > 0)) {
    return rates as [number, number];
  }
  return refuse(
    "--fine-tune-rates",
    "two numbers above 0 separated by a comma, for the lowest layer and for the head",
    value,
  );
}

/**
 * The options of `transfer`.
 *
 * @param images how many there are to learn from
 */
export function transferOptionsOf(settings: TransferSettings, images: number): TransferOptions {
  const { freeze, head, epochs, learningRate, fineTuneFrom, seed } = settings;
  return {
    epochs,
    learningRate,
    batchSize: Math.min(settings.batchSize, images),
    key: key(seed),
    ...(freeze === null ? {} : { freeze: patternsIn(freeze) }),
    ...(head === null ? {} : { head: patternsIn(head) }),
    ...(settings.augment === null ? {} : { augment: parseAugmentations(settings.augment) }),
    ...(fineTuneFrom === null ? {} : {
      fineTune: {
        from: fineTuneFrom,
        epochs: settings.fineTuneEpochs,
        rates: ratesIn(settings.fineTuneRates),
      },
    }),
  };
}

/** Epochs in all. */
export function epochsOf({ epochs, fineTuneFrom, fineTuneEpochs }: TransferSettings): number {
  return epochs + (fineTuneFrom === null ? 0 : fineTuneEpochs);
}
