// The values PyTorch gave, which optimizers.py wrote to optimizers.json.
import type { OptimizerCase, TensorText } from "./golden.ts";
import file from "./optimizers.json" with { type: "json" };

/** All of the file. */
export type OptimizerGolden = {
  readonly walks: readonly OptimizerCase[];
  readonly rates: readonly {
    readonly name: string;
    readonly schedule: string;
    readonly options: Readonly<Record<string, unknown>>;
    readonly rates: readonly number[];
  }[];
  readonly plateaus: readonly {
    readonly name: string;
    readonly options: Readonly<Record<string, unknown>>;
    readonly metrics: readonly number[];
    readonly factors: readonly number[];
  }[];
  readonly average: {
    readonly decay: number;
    readonly values: readonly TensorText[];
    readonly averages: readonly TensorText[];
  };
};

/** PyTorch's values. */
export const optimizerGolden = file as unknown as OptimizerGolden;
