// Joins the ranks that mpirun started.
import { now } from "./clock.ts";
import { requireOptions, requirePositive } from "../text/require.ts";
import { gatherInRounds } from "./gather.ts";
import { DEVICE_VARIABLES, type Launch, LAUNCH_VARIABLES, launchOf } from "./launcher.ts";
import { libraryNames } from "./libraries.ts";
import { type Mpi, openMpi } from "./mpi.ts";
import { type Watch, watchRing } from "./watch.ts";
import { ALONE, type Reduced, type Reduction, type World } from "./world.ts";

/** Options of {@linkcode joinWorld}. */
export type JoinOptions = {
  /**
   * Seconds after which a rank that gives no sign of life, or that all others wait for, ends the
   * run, above 0. Default: 7.
   */
  readonly patience?: number;
  /** The library's file. Default: found by name, of the MPI whose launcher started this process. */
  readonly library?: string;
};

const OPTIONS: Readonly<Record<keyof JoinOptions, true>> = { patience: true, library: true };

/** The permissions that ranks need beside a script's own; the last variables, to take a GPU each. */
export const WORLD_PERMISSIONS: readonly string[] = [
  "--allow-ffi",
  `--allow-env=${[...new Set(LAUNCH_VARIABLES), ...DEVICE_VARIABLES].join(",")}`,
];

/** The variable with more folders to look for libraries in, as of LD_LIBRARY_PATH, if it may be read. */
export const LIBRARY_PATH = "NEOCOG_LIBRARY_PATH";

let joined: Promise<World> | undefined;

/**
 * Joins the processes that `mpirun -n 4 deno run …` (or `srun`) started: Open MPI's, MPICH's and its
 * relatives', or any with MPI 5's binary interface. In a process that was started by none it returns
 * a world of one, for which no library is loaded. The script needs `--allow-ffi`, and `--allow-env`
 * for the variables that launchers set.
 *
 * A rank that dies, hangs or throws ends them all, with its number and the reason.
 *
 * @param options patience with other ranks, and the library's file
 * @returns the world; the same one if it is joined again
 * @throws {Error} if a permission or the library is missing, which says which and how to get it; if
 * the launcher is of another MPI than the library
 * @throws {RangeError} if `patience` is not above 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { joinWorld } from "@neocog/neocog";
 *
 * const world = await joinWorld();
 * const sum = new Float32Array([world.rank + 1]);
 * await world.allReduce(sum, "sum");
 * assertEquals(sum[0], world.size * (world.size + 1) / 2);
 * ```
 */
export function joinWorld(options: JoinOptions = {}): Promise<World> {
  requireOptions("join a world", options, OPTIONS);
  const { patience = 7 } = options;
  requirePositive("join a world", "the patience", patience);
  // MPI begins once in a process.
  return joined ??= join({ ...options, patience }).catch((error) => {
    joined = undefined;
    throw error;
  });
}

async function join(
  { patience, library }: JoinOptions & { readonly patience: number },
): Promise<World> {
  await requirePermission(LAUNCH_VARIABLES.map((variable) => ({ name: "env", variable })));
  const launch = launchOf((name) => Deno.env.get(name));
  if (!launch) return ALONE;
  await requirePermission([{ name: "ffi" }]);
  const names = libraryNames(launch.kind);
  const files = (await libraryFolders()).flatMap((dir) => names.map((name) => `${dir}/${name}`));
  const mpi = openMpi(library === undefined ? [...files, ...names] : [library]);
  requireSameSize(mpi, launch);
  return worldOf(mpi, launch, patience);
}

/** The folders of LD_LIBRARY_PATH, whatever a library is called there: before the system's own. */
async function libraryFolders(): Promise<string[]> {
  const paths = [LIBRARY_PATH, "LD_LIBRARY_PATH"].map(async (variable) => {
    const { state } = await Deno.permissions.query({ name: "env", variable });
    return state === "granted" ? Deno.env.get(variable) ?? "" : "";
  });
  return (await Promise.all(paths)).join(":").split(":").filter((dir) => dir !== "");
}

async function requirePermission(needed: readonly Deno.PermissionDescriptor[]): Promise<void> {
  for (const one of needed) {
    const { state } = await Deno.permissions.query(one);
    if (state === "granted") continue;
    throw new Error(
      `Cannot join a world: the script must have the permissions ${
        WORLD_PERMISSIONS.join(" ")
      }, got none for ${one.name}`,
    );
  }
}

/** Refuses ranks that do not find each other: each would train by itself. */
function requireSameSize({ size, version }: Mpi, { kind, size: started }: Launch): void {
  if (started === undefined || started === size) return;
  throw new Error(
    `Cannot join a world: ${
      kind ?? "the launcher"
    } started ${started} processes, ${version} finds ${
      size === 1 ? "this one alone" : size
    }. Launcher and library must be of the same MPI: mpirun.mpich or mpirun.openmpi, or the option library`,
  );
}

function worldOf(mpi: Mpi, { localRank }: Launch, patience: number): World {
  const { rank, size, handles } = mpi;
  if (size === 1) return { ...ALONE, library: mpi.version };
  const { world, byte } = handles;
  const inPlace = Deno.UnsafePointer.create(handles.inPlace);
  let [calls, bytes, seconds] = [0, 0, 0];
  let hasLeft = false;
  const abort = (reason: string): never => {
    hasLeft = true;
    writeLine(`error: rank ${rank} of ${size}: ${reason}`);
    // The launcher forwards what is written, unless it is told to end everything first.
    sleep(100);
    mpi.call("MPI_Abort", world, 1);
    Deno.exit(1);
  };
  const watch: Watch = watchRing(mpi, patience, abort);
  /** Begins an exchange; the function returned moves it on, and says whether it is done. */
  const begin = (values: ArrayBufferView, ...call: Parameters<Mpi["begin"]>): () => boolean => {
    const began = now();
    const left = watch.enter();
    const test = mpi.begin(...call);
    return () => {
      if (!test()) return false;
      left();
      calls++;
      bytes += values.byteLength;
      seconds += (now() - began) / 1000;
      return true;
    };
  };
  const exchange = async (...call: Parameters<typeof begin>): Promise<void> => {
    const isDone = begin(...call);
    for (let turn = 0; !tested(isDone); turn++) await (turn < QUICK_TURNS ? yielding() : pause());
  };
  const reduction = (values: Reduced, how: Reduction) => {
    const type = values instanceof Float32Array ? handles.float : handles.double;
    return [inPlace, values, values.length, type, handles[how], world] as const;
  };
  const all: World = {
    rank,
    size,
    localRank,
    library: mpi.version,
    broadcast: (values, root = 0) =>
      exchange(values, "MPI_Ibcast", values, values.length, byte, root, world),
    allReduce: (values, how) => exchange(values, "MPI_Iallreduce", ...reduction(values, how)),
    allReduceNow(values, how) {
      const isDone = begin(values, "MPI_Iallreduce", ...reduction(values, how));
      while (!tested(isDone)) {
        watch.beat();
        sleep(1);
      }
    },
    async allGather(own) {
      const lengths = new Float64Array(size);
      lengths[rank] = own.length;
      await all.allReduce(lengths, "sum");
      return await gatherInRounds(own, lengths, (part, counts, places, to) => {
        const [from, into] = [[part, part.length, byte], [to, counts, places, byte]] as const;
        return exchange(to, "MPI_Iallgatherv", ...from, ...into, world);
      });
    },
    barrier: () => exchange(new Uint8Array(0), "MPI_Ibarrier", world),
    during: watch.during,
    traffic: () => ({ calls, bytes, seconds }),
    abort,
    async leave() {
      if (hasLeft) return;
      await all.barrier();
      hasLeft = true;
      await watch.leave();
      mpi.call("MPI_Finalize");
    },
  };
  leaveAtTheEnd(all);
  for (const kind of ["error", "unhandledrejection"]) {
    // Printed before the exception; the launcher ends the others when this process has ended.
    globalThis.addEventListener(kind, () => writeLine(`error: rank ${rank} of ${size} failed:`));
  }
  return all;
}

/** Leaves when the script has nothing left to do; a script that failed must not wait for others. */
function leaveAtTheEnd(world: World): void {
  // Cancelled, so that the event loop goes on until all have left.
  globalThis.addEventListener("beforeunload", (event) => {
    if (isLeaving || Deno.exitCode !== 0) return;
    isLeaving = true;
    event.preventDefault();
    world.leave();
  });
}

let isLeaving = false;

/** How often an exchange is moved on before others have a turn. */
const TESTS = 20;

/** Turns that are taken at once; then the processor is left to other processes for a millisecond. */
const QUICK_TURNS = 4;

function tested(isDone: () => boolean): boolean {
  for (let test = 0; test < TESTS; test++) if (isDone()) return true;
  return false;
}

function yielding(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}

function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done, 0));
}

/** Waits without giving way: for what never comes. */
function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** At once: the process is about to end. */
function writeLine(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}
