// The launchers of MPI on this machine: tests that need one say so where there is none.

/** A launcher, with what it needs here. */
type Launcher = { readonly name: string; readonly command: string; readonly args: string[] };

/** As root, and for more ranks than cores. */
const ENVIRONMENT = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  OMPI_MCA_mpi_yield_when_idle: "1",
  NO_COLOR: "1",
};

async function found(name: string, commands: readonly string[], mark: RegExp): Promise<Launcher> {
  for (const command of commands) {
    try {
      const { success, stdout } = await new Deno.Command(command, {
        args: ["--version"],
        env: ENVIRONMENT,
        stderr: "null",
      }).output();
      if (!success || !mark.test(new TextDecoder().decode(stdout))) continue;
      return { name, command, args: name === "Open MPI" ? ["--oversubscribe"] : [] };
    } catch {
      continue; // It is not there.
    }
  }
  return { name, command: "", args: [] };
}

const launchers = [
  await found("MPICH", ["mpirun.mpich", "mpirun"], /HYDRA/),
  await found("Open MPI", ["mpirun.openmpi", "mpirun"], /Open MPI|OpenRTE/),
];

/** What ranks printed, and how they ended. */
export type Ran = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of stdout that are JSON, in the order of their `rank`. */
  // deno-lint-ignore no-explicit-any -- whatever the script says
  readonly said: readonly any[];
  readonly seconds: number;
};

/** Starts a command as so many ranks. */
export type Launch = (ranks: number, ...command: readonly string[]) => Promise<Ran>;

/**
 * Declares a test for each of MPICH and Open MPI, which is visibly ignored where it is not installed.
 *
 * @param name the test's name
 * @param test is given the function that starts ranks
 */
export function onEachMpi(name: string, test: (launch: Launch) => Promise<void>): void {
  for (const launcher of launchers) {
    const isThere = launcher.command !== "";
    Deno.test({
      name: `${name} (${launcher.name}${isThere ? "" : ", ignored: not installed"})`,
      ignore: !isThere,
      fn: () => test((ranks, ...command) => launch(launcher, ranks, command)),
    });
  }
}

async function launch(
  { command, args }: Launcher,
  ranks: number,
  what: readonly string[],
): Promise<Ran> {
  const began = performance.now();
  const { code, ...output } = await new Deno.Command(command, {
    args: [...args, "-n", `${ranks}`, Deno.execPath(), ...what],
    env: ENVIRONMENT,
    cwd: new URL("../../", import.meta.url),
    stdin: "null",
  }).output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  ) as [string, string];
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  const said = lines.map((line) => JSON.parse(line)).sort((a, b) => a.rank - b.rank);
  return { code, stdout, stderr, said, seconds: (performance.now() - began) / 1000 };
}
