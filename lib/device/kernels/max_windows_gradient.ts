// Gradient of max pooling from its switches: a window's slope goes where its largest was.
import type { MaxWindowsGradientAttributes } from "../../tensor/max_windows.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { packsSwitches } from "./max_windows.ts";
import {
  packedResult,
  packedResults,
  packedTaps,
  packedText,
  packedUniforms,
  packedVariant,
  type PackedWindows,
  packedWindows,
} from "./packed_windows.ts";
import { runProgram } from "./program.ts";
import { each } from "./tiles.ts";
import {
  gradientText,
  gradientUnits,
  windowProgram,
  windowText,
  windowUniforms,
  windowVariant,
} from "./window_text.ts";

const NUMBERS = `
struct Window { slope: V, winner: u32 }
fn windowAt(p: Place, i: u32, j: u32) -> Window {
  let at = outputAt(p, i, j);
  return Window(dy_at(at), u32(switches_at(at)));
}`;

const PACKED = `
struct Window { slope: V, winner: vec4<u32> }
fn windowAt(p: Place, i: u32, j: u32) -> Window {
  let at = outputAt(p, i, j);
  let s = u32(switches_at(at));
  const N = SIZE_Y * SIZE_X + 1;
  return Window(dy_quad(at), vec4<u32>(s % N, (s / N) % N, (s / (N * N)) % N, s / (N * N * N)));
}`;

/** The kernel function of the gradient of max pooling with switches, the same for any adapter. */
export function maxWindowsGradient(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { dy, switches } = inputs as { dy: tf.TensorInfo; switches: tf.TensorInfo };
    const { shape, ...grid } = attrs as unknown as MaxWindowsGradientAttributes;
    const together = packedWindows(grid, shape[3]!);
    if (together) return runPacked(backend as GuardedBackend, shape, together, dy, switches);
    const packed = packsSwitches(windowProgram(grid, shape[3]!));
    const program = windowProgram(grid, shape[3]!, packed);
    const { units, unitsY, unitsX } = gradientUnits(program, shape[0]!);
    return runProgram(backend as GuardedBackend, {
      operation: "MaxPoolGrad",
      variant: `switches/${windowVariant(program)}`,
      results: { dx: shape },
      inputs: { dy, switches },
      vectors: program.wide ? ["dx", "dy"] : [],
      half: { names: ["dx", "dy"] },
      uniforms: { units, unitsY, unitsX, ...windowUniforms(program) },
      leads: true,
      code: `${windowText(program)}${packed ? PACKED : NUMBERS}
fn share(window: Window, tap: u32) -> V {
  return select(V(0.0), window.slope, window.winner == ${packed ? "vec4<u32>(tap)" : "tap"});
}${gradientText(program)}`,
      invocations: units,
      workgroup: 64,
    })[0]!;
  };
}

/** Of windows of several pixels an invocation. */
function runPacked(
  backend: GuardedBackend,
  shape: readonly number[],
  windows: PackedWindows,
  dy: tf.TensorInfo,
  switches: tf.TensorInfo,
): tf.TensorInfo {
  const { grid: { size, stride }, quads, across } = windows;
  const { units, ...uniforms } = packedUniforms(windows, shape[0]!);
  const none = size[0] * size[1] + 1;
  const read = (q: number): string =>
    `let d${q} = dy_quad(to + ${q}u);
  let s${q} = u32(switches_at(to + ${q}u));
  let w${q} = vec4<u32>(s${q} % N, (s${q} / N) % N, (s${q} / (N * N)) % N, s${q} / (N * N * N));`;
  const write = (u: number, k: number): string => {
    const wins = packedTaps(windows, u, k, none).map((tap, j) =>
      `${packedResult(windows, k, "w", j)} == ${tap}u`
    );
    return `dx_put(at(b, ${u}u) + ${k}u, select(V(0.0), ${
      packedResults(windows, k, "d")
    }, vec4<bool>(${wins.join(", ")})));`;
  };
  return runProgram(backend, {
    operation: "MaxPoolGrad",
    variant: `switches/${packedVariant(windows)}`,
    results: { dx: shape },
    inputs: { dy, switches },
    vectors: ["dx", "dy"],
    half: { names: ["dx", "dy"] },
    uniforms: { units, ...uniforms },
    leads: true,
    code: `const N = ${none}u;
${
      packedText(
        windows,
        `${each(quads, read)}\n${each(stride[0], (u) => each(across, (k) => write(u, k)))}`,
      )
    }`,
    invocations: units,
    workgroup: 64,
  })[0]!;
}
