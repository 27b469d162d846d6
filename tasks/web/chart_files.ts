// The library that draws charts on pages, with its license, served from our own origin.
import { ECHARTS_FILE, ECHARTS_PACKAGE } from "../../lib/chart/plot.ts";
import { npmPackageFolder } from "../../lib/data/sources/npm_package.ts";
import { say } from "../command/say.ts";
import { type StaticFile, staticFile } from "./static_files.ts";

/**
 * The files of ECharts from Deno's cache, by the paths of their addresses, below `/echarts/`; none,
 * with a note, if it is neither there nor can be fetched.
 */
export async function chartFiles(): Promise<[path: string, file: StaticFile][]> {
  try {
    const folder = await npmPackageFolder(ECHARTS_PACKAGE);
    return await Promise.all([ECHARTS_FILE, "LICENSE"].map(
      async (path): Promise<[string, StaticFile]> => {
        const name = path.split("/").at(-1)!;
        return [`/echarts/${name}`, staticFile(name, await Deno.readFile(new URL(path, folder)))];
      },
    ));
  } catch (error) {
    say(`note: without charts: ${error instanceof Error ? error.message : error}`);
    return [];
  }
}
