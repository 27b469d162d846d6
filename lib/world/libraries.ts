// The libraries of MPI: their names, and what stands for "all ranks", "float" and "sum" in each.
import type { Launch } from "./launcher.ts";

/** What a library calls things: constants, or addresses of its own variables. */
export type Handles = {
  readonly kind: "Open MPI" | "MPICH" | "MPI ABI";
  /** The C type of handles: numbers of 32 bits, or pointers. */
  readonly type: "i32" | "usize";
  readonly world: number | bigint;
  readonly byte: number | bigint;
  readonly float: number | bigint;
  readonly double: number | bigint;
  readonly sum: number | bigint;
  readonly max: number | bigint;
  /** In the place of what is sent: that it lies where the result is to be. */
  readonly inPlace: bigint;
  /** `MPI_THREAD_FUNNELED`: there are other threads, which do not call. */
  readonly funneled: number;
};

/** MPICH's constants, which its relatives (Intel MPI, MVAPICH, Cray MPICH) share. */
const MPICH: Handles = {
  kind: "MPICH",
  type: "i32",
  world: 0x44000000,
  byte: 0x4c00010d,
  float: 0x4c00040a,
  double: 0x4c00080b,
  sum: 0x58000003,
  max: 0x58000001,
  inPlace: 2n ** 64n - 1n,
  funneled: 1,
};

/** Those of the standard's binary interface (MPI 5.0, chapter 20). */
const STANDARD: Handles = {
  kind: "MPI ABI",
  type: "usize",
  world: 0x101,
  byte: 0x247,
  float: 0x210,
  double: 0x214,
  sum: 0x21,
  max: 0x23,
  inPlace: 1n,
  funneled: 1024,
};

/** Open MPI's variables, whose addresses are its handles. */
const OPEN_MPI = {
  world: "ompi_mpi_comm_world",
  byte: "ompi_mpi_byte",
  float: "ompi_mpi_float",
  double: "ompi_mpi_double",
  sum: "ompi_mpi_op_sum",
  max: "ompi_mpi_op_max",
} as const;

/** Names of libraries by who made them. A symlink without a number comes with compilers' packages. */
const NAMES: Readonly<Record<"MPI ABI" | "Open MPI" | "MPICH", readonly string[]>> = {
  "MPI ABI": ["libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so", "libmpi_abi.dylib"],
  "Open MPI": ["libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "libmpi.dylib"],
  MPICH: ["libmpich.so.12", "libmpi.so.12", "libmpich.so", "libmpi.12.dylib", "libmpich.dylib"],
};

/** The names of libraries to try for what a launcher started, the likeliest first. */
export function libraryNames(kind: Launch["kind"]): readonly string[] {
  const own = kind === "MPICH" ? NAMES.MPICH : NAMES["Open MPI"];
  const other = kind === undefined ? NAMES.MPICH : [];
  return [...own, ...other, ...NAMES["MPI ABI"]];
}

/** What of libc finds the address of a variable of a library. */
const LIBC = {
  dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
  dlsym: { parameters: ["pointer", "buffer"], result: "usize" },
} as const;

const lazyGlobal = (): number => Deno.build.os === "darwin" ? 0x9 : 0x101;

/**
 * The handles of a library.
 *
 * @param name its file, which must be there
 */
export function handlesOf(name: string): Handles {
  if (/libmpi_abi\b/.test(name)) return STANDARD;
  const libc = Deno.dlopen(
    Deno.build.os === "darwin" ? "libSystem.B.dylib" : "libc.so.6",
    LIBC,
  );
  const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(`${value}\0`);
  // Its plugins look for its symbols among all that are loaded.
  const library = libc.symbols.dlopen(text(name), lazyGlobal());
  const address = (symbol: string): bigint => BigInt(libc.symbols.dlsym(library, text(symbol)));
  if (address(OPEN_MPI.world) === 0n) return MPICH;
  const handles = Object.entries(OPEN_MPI).map(([what, symbol]) => [what, address(symbol)]);
  return {
    kind: "Open MPI",
    type: "usize",
    ...Object.fromEntries(handles) as Record<keyof typeof OPEN_MPI, bigint>,
    inPlace: 1n,
    funneled: 1,
  };
}
