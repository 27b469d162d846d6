// ConvNeXt. Liu, Mao, Wu, Feichtenhofer, Darrell and Xie, "A ConvNet for the 2020s", 2022, §2 and
// Appendix A. https://arxiv.org/abs/2201.03545
import { gelu } from "../layers/activation.ts";
import { conv } from "../layers/conv.ts";
import { dense } from "../layers/dense.ts";
import { truncatedNormal } from "../layers/initializers.ts";
import type { AnyLayer, Layer } from "../layers/layer.ts";
import { layerNorm } from "../layers/norms.ts";
import { residual } from "../layers/parallel.ts";
import { globalMeanPool } from "../layers/pool.ts";
import { sequential } from "../layers/sequential.ts";
import { stochasticDepth } from "../layers/stochastic_depth.ts";
