// Who started this process: what launchers of MPI leave in the environment.

/** What a launcher says of this process. */
export type Launch = {
  /** Which MPI it belongs to; `undefined` of Slurm's, which starts any. */
  readonly kind: "Open MPI" | "MPICH" | undefined;
  readonly rank: number;
  /** How many ranks it started, if it says so. */
  readonly size: number | undefined;
  readonly localRank: number;
};

type Variables = {
  readonly kind: Launch["kind"];
  readonly rank: string;
  readonly size: string;
  readonly localRank: string;
};

/** In the order in which they are looked for. */
const LAUNCHERS: readonly Variables[] = [
  {
    kind: "Open MPI",
    rank: "OMPI_COMM_WORLD_RANK",
    size: "OMPI_COMM_WORLD_SIZE",
    localRank: "OMPI_COMM_WORLD_LOCAL_RANK",
  },
  // Of MPICH's mpirun, Intel's, MVAPICH's, and of `srun --mpi=pmi2`.
  { kind: "MPICH", rank: "PMI_RANK", size: "PMI_SIZE", localRank: "MPI_LOCALRANKID" },
  // Of `srun --mpi=pmix`, and of Open MPI from 5 on.
  { kind: undefined, rank: "PMIX_RANK", size: "SLURM_NTASKS", localRank: "SLURM_LOCALID" },
];

/** The names of the variables that are read. */
export const LAUNCH_VARIABLES: readonly string[] = LAUNCHERS.flatMap((
  { rank, size, localRank },
) => [rank, size, localRank]);

/** The settings of Mesa's layer of Vulkan by which a rank takes a GPU of its own: by model, by slot. */
export const DEVICE_VARIABLES = ["MESA_VK_DEVICE_SELECT", "DRI_PRIME"] as const;

/**
 * Who started this process.
 *
 * @param get a variable's value
 * @returns what its launcher says; `undefined` if it was started by none
 */
export function launchOf(get: (name: string) => string | undefined): Launch | undefined {
  const number = (name: string): number | undefined => {
    const text = get(name);
    return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
  };
  for (const { kind, ...names } of LAUNCHERS) {
    const rank = number(names.rank);
    if (rank === undefined) continue;
    const localRank = number(names.localRank) ?? number("SLURM_LOCALID") ?? rank;
    return { kind, rank, size: number(names.size), localRank };
  }
  return undefined;
}
