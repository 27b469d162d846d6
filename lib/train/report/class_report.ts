// How good answers are, class by class, and the tables that say so.
import { csvText } from "../../text/csv.ts";
import type { Confusion } from "../metrics.ts";

/** How good the answers are for a class. */
export type ClassReport = {
  /** The class. */
  readonly name: string;
  /** Of the examples taken for it, the share that are, 0 to 1; 0 where none was. */
  readonly precision: number;
  /** Of its examples, the share that were taken for it, 0 to 1; 0 where it has none. */
  readonly recall: number;
  /** 2 · precision · recall / (precision + recall); 0 where both are 0. */
  readonly f1: number;
  /** How many examples it has. */
  readonly support: number;
};

/**
 * Precision, recall, F1 and number of examples of each class.
 *
 * @param confusion which classes were taken for which
 * @param classNames the classes' names, in their order
 * @returns a report a class, in their order
 * @throws {TypeError} where there are not as many names as classes
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
    const answered = counts.reduce((sum, row) => sum + row[i]!, 0);
    return {
      name,
      precision: share(right, answered),
      recall: share(right, support),
      f1: share(2 * right, answered + support),
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
 * A report on classes as CSV: `class,precision,recall,f1,support`, a line a class.
 *
 * @param reports what {@linkcode classReport} answered
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
 * A confusion matrix as CSV: a line for each class that examples have, a column for each that
 * they were taken for.
 *
 * @param confusion the matrix
 * @param classNames the classes' names, in their order
 * @returns the file's text
 * @throws {TypeError} where there are not as many names as classes
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
