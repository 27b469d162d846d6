// Precision, recall and F1 of each class, and tables of them.
import { csvText } from "../../text/csv.ts";
import type { Confusion } from "../metrics.ts";

/** Measures of one class. */
export type ClassReport = {
  /** The class. */
  readonly name: string;
  /** The share of correct predictions of it, 0 to 1; 0 if there is none. */
  readonly precision: number;
  /** The share of its examples that were predicted as it, 0 to 1; 0 if it has none. */
  readonly recall: number;
  /** 2 · precision · recall / (precision + recall); 0 if both are 0. */
  readonly f1: number;
  /** How many examples it has. */
  readonly support: number;
};

/**
 * Precision, recall, F1 and number of examples of each class.
 *
 * @param confusion the confusion matrix
 * @param classNames the classes' names, in their order
 * @returns a report per class, in their order
 * @throws {TypeError} if there are not as many names as classes
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { classReport } from "@neocog/neocog/report";
 *
 * const [cat] = classReport({ counts: [[3, 1], [2, 4]] }, ["cat", "dog"]);
 * assertEquals(cat, { name: "cat", precision: 0.6, recall: 0.75, f1: 6 / 9, support: 4 });
 * ```
 */
export function classReport(
  { counts }: Confusion,
  classNames: readonly string[],
): ClassReport[] {
  requireNames(counts.length, classNames);
  return classNames.map((name, i) => {
    const right = counts[i]![i]!;
    const support = counts[i]!.reduce((sum, count) => sum + count, 0);
    const predicted = counts.reduce((sum, row) => sum + row[i]!, 0);
    return {
      name,
      precision: share(right, predicted),
      recall: share(right, support),
      f1: share(2 * right, predicted + support),
      support,
    };
  });
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function requireNames(classes: number, names: readonly string[]): void {
  if (classes === names.length) return;
  throw new TypeError(
    `Cannot report on classes: each must have a name, got ${names.length} names of ${classes} classes`,
  );
}

/**
 * A report on classes as CSV: `class,precision,recall,f1,support`, a line per class.
 *
 * @param reports what {@linkcode classReport} returned
 * @returns the file's text
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { classReportCsv } from "./class_report.ts";
 *
 * const cat = { name: "cat, wild", precision: 0.5, recall: 1, f1: 0.75, support: 3 };
 * assertEquals(
 *   classReportCsv([cat]),
 *   'class,precision,recall,f1,support\r\n"cat, wild",0.5,1,0.75,3\r\n',
 * );
 * ```
 */
export function classReportCsv(reports: readonly ClassReport[]): string {
  const rows = reports.map(({ name, precision, recall, f1, support }) => [
    name,
    precision,
    recall,
    f1,
    support,
  ]);
  return csvText([["class", "precision", "recall", "f1", "support"], ...rows]);
}

/**
 * A confusion matrix as CSV: a line per true class, a column per predicted class.
 *
 * @param confusion the matrix
 * @param classNames the classes' names, in their order
 * @returns the file's text
 * @throws {TypeError} if there are not as many names as classes
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { confusionCsv } from "./class_report.ts";
 *
 * assertEquals(
 *   confusionCsv({ counts: [[3, 1], [2, 4]] }, ["cat", "dog"]),
 *   "actual,cat,dog\r\ncat,3,1\r\ndog,2,4\r\n",
 * );
 * ```
 */
export function confusionCsv({ counts }: Confusion, classNames: readonly string[]): string {
  requireNames(counts.length, classNames);
  return csvText([
    ["actual", ...classNames],
    ...counts.map((row, i) => [classNames[i]!, ...row]),
  ]);
}
