// Options of models, so that a misspelt one is not passed over.
import { type OptionNames, requireOptions } from "../text/require.ts";

/**
 * Refuses an option of a model that is not known, such as `classes` for `numClasses`. All models of
 * the registry may be given `auxiliary`, also those without such heads.
 *
 * @param action what cannot be done, such as `make AlexNet`
 * @param known the known names, as keys
 * @throws {TypeError} naming the nearest known one
 */
export function requireModelOptions<O extends object>(
  action: string,
  options: O,
  known: OptionNames<O>,
): void {
  requireOptions<unknown>(action, options, { ...known, auxiliary: true });
}
