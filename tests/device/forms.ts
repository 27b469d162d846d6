// Runs a check on the kernels for software adapters and on those for GPUs.
import { start } from "../../mod.ts";
import { registerKernels } from "../../lib/device/register.ts";
import { onCpu } from "../backends.ts";
import { gpuTest } from "./adapter.ts";

/** The forms of kernels: both are correct on any adapter. */
const FORMS = [["software", true], ["gpu", false]] as const;

/**
 * Runs a check on the kernels of either form.
 *
 * @param check the check, told the form's name for its messages
 */
export async function onEachForm(check: (form: string) => Promise<void>): Promise<void> {
  const device = await start();
  try {
    for (const [form, software] of FORMS) {
      registerKernels(software);
      await check(form);
    }
  } finally {
    registerKernels(device.software);
  }
}

/**
 * Declares a test twice, on the CPU backend and on the kernels of both forms.
 *
 * @param name the test's name
 * @param check the test, told on what it runs for its messages
 */
export function onCpuAndEachForm(name: string, check: (on: string) => Promise<void>): void {
  onCpu(`${name} (cpu)`, () => check("cpu"));
  gpuTest(`${name} (both forms)`, () => onEachForm(check));
}
