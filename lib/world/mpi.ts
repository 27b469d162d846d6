// The binding of MPI: the dozen functions that a world needs, called in its library by FFI.
import { type Handles, handlesOf } from "./libraries.ts";

/** What is handed to a function of the library. */
type Value = number | bigint | Deno.PointerValue | BufferSource | null;

/** The functions, with their parameters' types; `handle` is the library's own. */
const FUNCTIONS = {
  MPI_Init_thread: ["buffer", "buffer", "i32", "buffer"],
  MPI_Comm_rank: ["handle", "buffer"],
  MPI_Comm_size: ["handle", "buffer"],
  MPI_Comm_dup: ["handle", "buffer"],
  MPI_Get_library_version: ["buffer", "buffer"],
  MPI_Ibcast: ["buffer", "i32", "handle", "i32", "handle", "buffer"],
  MPI_Iallreduce: ["pointer", "buffer", "i32", "handle", "handle", "handle", "buffer"],
  MPI_Iallgatherv: [
    ...["buffer", "i32", "handle"],
    ...["buffer", "buffer", "buffer", "handle", "handle", "buffer"],
  ],
  MPI_Ibarrier: ["handle", "buffer"],
  MPI_Isend: ["buffer", "i32", "handle", "i32", "i32", "handle", "buffer"],
  MPI_Irecv: ["buffer", "i32", "handle", "i32", "i32", "handle", "buffer"],
  MPI_Test: ["buffer", "buffer", "buffer"],
  MPI_Abort: ["handle", "i32"],
  MPI_Finalize: [],
} as const;

type Name = keyof typeof FUNCTIONS;

/** The names of the functions that begin an exchange; their last parameter is a request. */
type Exchange = Extract<Name, `MPI_I${"bcast" | "allreduce" | "allgatherv" | "barrier"}`>;

/** A library of MPI that is open. */
export type Mpi = {
  readonly handles: Handles;
  /** The library's name and version. */
  readonly version: string;
  readonly rank: number;
  readonly size: number;
  /** Calls a function, which returns without waiting for other ranks. */
  call(name: Name, ...values: Value[]): void;
  /**
   * Begins an exchange, to which other ranks may come later.
   *
   * @returns whether it is done; each call moves it on
   */
  begin(name: Exchange, ...values: Value[]): () => boolean;
  /** Another communicator of all ranks, whose messages never meet those of the first. */
  duplicate(): number | bigint;
};

/**
 * Opens a library and begins: `MPI_Init_thread`.
 *
 * @param names files to try, as the system's loader finds them
 * @throws {Error} if there is none, which says what to install
 */
export function openMpi(names: readonly string[]): Mpi {
  const { name, symbols, handles } = load(names);
  const call = (of: Name, ...values: Value[]): void => {
    const code = symbols[of]!(...values);
    if (code === 0) return;
    throw new Error(`Cannot exchange numbers by ${name}: ${of} must return 0, got ${code}`);
  };
  const number = (of: "MPI_Comm_rank" | "MPI_Comm_size"): number => {
    const out = new Int32Array(1);
    call(of, handles.world, out);
    return out[0]!;
  };
  // Deno has threads, but only this one calls: builds of MPI without threads will do.
  call("MPI_Init_thread", null, null, handles.funneled, new Int32Array(1));
  const status = new Uint8Array(STATUS_BYTES);
  return {
    handles,
    version: versionOf(call),
    rank: number("MPI_Comm_rank"),
    size: number("MPI_Comm_size"),
    call,
    begin(of, ...values) {
      const request = new Uint8Array(8);
      const done = new Int32Array(1);
      call(of, ...values, request);
      return () => {
        // Mentions the values, which must live as long as the exchange.
        if (done[0] === 0 && values.length > 0) call("MPI_Test", request, done, status);
        return done[0] !== 0;
      };
    },
    duplicate() {
      const out = new Uint8Array(8);
      call("MPI_Comm_dup", handles.world, out);
      const view = new DataView(out.buffer);
      return handles.type === "i32" ? view.getInt32(0, true) : view.getBigUint64(0, true);
    },
  };
}

/** At least as many as a status has in any library. */
const STATUS_BYTES = 256;

type Symbols = Readonly<Record<string, (...values: Value[]) => number>>;

function load(
  names: readonly string[],
): { readonly name: string; readonly symbols: Symbols; readonly handles: Handles } {
  let reason = "";
  for (const name of names) {
    try {
      Deno.dlopen(name, {}).close();
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      if (names.length === 1) reason = `: ${(error as Error).message}`;
      continue;
    }
    const handles = handlesOf(name);
    return { name, handles, symbols: Deno.dlopen(name, definitions(handles)).symbols as Symbols };
  }
  throw new Error(
    `Cannot join the other ranks: a library of MPI must be installed (${ADVICE}), got none of ${
      names.join(", ")
    }${reason}`,
  );
}

const ADVICE =
  "Debian, Ubuntu: apt-get install openmpi-bin, or mpich; Fedora: dnf install openmpi, or mpich; macOS: brew install open-mpi; clusters: module load";

function definitions({ type }: Handles): Deno.ForeignLibraryInterface {
  const typeOf = (one: string): Deno.NativeType => (one === "handle" ? type : one) as "i32";
  return Object.fromEntries(
    Object.entries(FUNCTIONS).map(([name, parameters]) => [
      name,
      { parameters: parameters.map(typeOf), result: "i32" },
    ]),
  );
}

function versionOf(call: Mpi["call"]): string {
  const text = new Uint8Array(8192);
  const length = new Int32Array(1);
  call("MPI_Get_library_version", text, length);
  const full = new TextDecoder().decode(text.subarray(0, length[0])).replaceAll("\0", "");
  const mpich = /^MPICH Version:\s*(\S+)/.exec(full);
  return mpich ? `MPICH v${mpich[1]}` : full.split(/[,\n]/)[0]!.trim();
}
