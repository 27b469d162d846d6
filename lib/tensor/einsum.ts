// Einstein sums, of which tfjs's kernels take wrong axes in one of four random equations.
import { tf } from "./tf.ts";
import type { Tensor } from "./tensor.ts";

/** A tensor with a letter for each of its axes. */
type Labeled = { readonly x: Tensor; readonly labels: string };

/**
 * The sum of products that an equation names, of any number of tensors: two at a time as a product
 * of matrices, after each is summed over the axes that nothing else has.
 *
 * @param equation such as `"ij,jk->ik"`
 * @param tensors one for each term
 * @returns the tensor whose axes stand after the arrow
 * @throws {TypeError} if equation and tensors do not fit, or it has what is not supported: no arrow,
 * `...`, a letter twice in a term
 */
function einsum(equation: string, tensors: readonly Tensor[]): Tensor {
  const { terms, result } = parse(equation, tensors);
  return tf.tidy(() => {
    const [first, ...rest] = terms;
    let product = first!;
    for (const [i, term] of rest.entries()) {
      const wanted = new Set([
        ...result,
        ...rest.slice(i + 1).flatMap(({ labels }) => [...labels]),
      ]);
      product = multiplied(product, term, wanted);
    }
    const { x, labels } = summed(product, new Set(result));
    return tf.transpose(x, [...result].map((label) => labels.indexOf(label)));
  });
}

/** A tensor summed over the axes whose labels are not wanted. */
function summed({ x, labels }: Labeled, wanted: ReadonlySet<string>): Labeled {
  const axes = [...labels].flatMap((label, axis) => wanted.has(label) ? [] : [axis]);
  if (axes.length === 0) return { x, labels };
  return { x: tf.sum(x, axes), labels: [...labels].filter((label) => wanted.has(label)).join("") };
}

/** The product of two tensors, summed over what they share and nothing else wants. */
function multiplied(one: Labeled, other: Labeled, wanted: ReadonlySet<string>): Labeled {
  const a = summed(one, new Set([...wanted, ...other.labels]));
  const b = summed(other, new Set([...wanted, ...one.labels]));
  const shared = [...a.labels].filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => wanted.has(label));
  const inner = shared.filter((label) => !wanted.has(label));
  const [left, right] = [a, b].map(({ labels }) =>
    [...labels].filter((label) => !shared.includes(label))
  ) as [string[], string[]];
  const sizes = new Map(
    [a, b].flatMap(({ x, labels }) =>
      [...labels].map((label, axis): [string, number] => [label, x.shape[axis]!])
    ),
  );
  const sizesOf = (labels: readonly string[]): number[] => labels.map((label) => sizes.get(label)!);
  const sizeOf = (labels: readonly string[]): number => tf.util.sizeFromShape(sizesOf(labels));
  const matrices = ({ x, labels }: Labeled, ...groups: string[][]): tf.Tensor3D =>
    tf.reshape(
      tf.transpose(x, groups.flat().map((label) => labels.indexOf(label))),
      groups.map(sizeOf) as [number, number, number],
    );
  const product = tf.matMul(matrices(a, batch, left, inner), matrices(b, batch, inner, right));
  const labels = [...batch, ...left, ...right];
  return { x: tf.reshape(product, sizesOf(labels)), labels: labels.join("") };
}

/** An equation's terms with their tensors, and the labels of its result. */
function parse(
  equation: string,
  tensors: readonly Tensor[],
): { readonly terms: readonly Labeled[]; readonly result: string } {
  const refuse = (rule: string, found: unknown): never => {
    throw new TypeError(`Cannot take the Einstein sum "${equation}": ${rule}, got ${found}`);
  };
  const [given, result, ...more] = equation.replaceAll(" ", "").split("->");
  if (result === undefined || more.length > 0) return refuse("it must have one arrow", equation);
  const labelsOfTerms = given!.split(",");
  if (labelsOfTerms.length !== tensors.length) {
    return refuse(`there must be ${labelsOfTerms.length} tensors`, tensors.length);
  }
  const sizes = new Map<string, number>();
  const terms = tensors.map((x, i): Labeled => {
    const labels = labelsOfTerms[i]!;
    requireLabels(labels, refuse);
    if (labels.length !== x.rank) {
      refuse(`tensor ${i} must have ${labels.length} axes, "${labels}"`, `[${x.shape}]`);
    }
    for (const [axis, label] of [...labels].entries()) {
      const size = sizes.get(label) ?? x.shape[axis]!;
      if (size !== x.shape[axis]) {
        refuse(`"${label}" must be one size`, `${size} and ${x.shape[axis]}`);
      }
      sizes.set(label, size);
    }
    return { x: x.dtype === "bool" ? tf.cast(x, "int32") : x, labels };
  });
  requireLabels(result, refuse);
  const unknown = [...result].find((label) => !sizes.has(label));
  if (unknown) refuse("each axis of the result must be one of the tensors", `"${unknown}"`);
  return { terms, result };
}

function requireLabels(labels: string, refuse: (rule: string, found: unknown) => never): void {
  if (!/^[a-zA-Z]*$/.test(labels)) {
    refuse("axes must be letters; ... is not supported", `"${labels}"`);
  }
  const twice = [...labels].find((label, i) => labels.indexOf(label) !== i);
  if (twice) refuse(`no letter may stand twice in "${labels}"`, `"${twice}"`);
}

/** The kernel function of `Einsum`, of tfjs's other operations, for any backend. */
export function einsumKernel(
  { inputs, attrs }: Parameters<tf.KernelConfig["kernelFunc"]>[0],
): Tensor {
  const { equation } = attrs as unknown as { readonly equation: string };
  return einsum(equation, Object.values(inputs as Record<string, tf.TensorInfo>) as Tensor[]);
}

tf.unregisterKernel("Einsum", "cpu");
tf.registerKernel({ kernelName: "Einsum", backendName: "cpu", kernelFunc: einsumKernel });
