// The queue of what pages ask for.
import { assertEquals } from "@std/assert";
import { jobQueue } from "../../../tasks/web/jobs.ts";
import type { Message } from "../../../tasks/web/message.ts";

type Told = readonly [page: number, id: unknown, what: unknown];

/** A queue whose answers are kept. */
function watched() {
  const told: Told[] = [];
  const jobs = jobQueue((page, { said }) => {
    const what = said.error ?? (said.progress ? "progress" : said.part ? `part ${said.n}` : said.n);
    told.push([page, said.id, what]);
  });
  return { told, jobs };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
/** Waits for what is to come, however busy the machine is. */
async function until(hasCome: () => boolean): Promise<void> {
  while (!hasCome()) await turn();
}
const answer = (n: unknown): Message => ({ said: { n } });

Deno.test("pages take turns, and long work does not keep quick work waiting", async () => {
  const { told, jobs } = watched();
  const gate = Promise.withResolvers<void>();
  jobs.add(0, 1, "long", async () => (await gate.promise, answer("long")));
  for (const id of [2, 3, 4]) jobs.add(0, id, "quick", () => Promise.resolve(answer(id)));
  jobs.add(1, 5, "quick", () => Promise.resolve(answer(5)));
  await until(() => told.length === 4);
  assertEquals(told.map(([, id]) => id), [2, 5, 3, 4]);
  gate.resolve();
  await until(() => told.length > 4);
  assertEquals(told.at(-1), [0, 1, "long"]);
});

Deno.test("what is given up tells nothing more, and what is stopped tells what it has", async () => {
  const { told, jobs } = watched();
  for (const id of [1, 2, 3]) {
    jobs.add(0, id, "long", async ({ signal, show }) => {
      for (let step = 1; !signal.aborted; step++) {
        show(answer(step));
        await turn();
      }
      return answer(`end of ${id}`);
    });
  }
  const hasTold = (id: number) => told.some(([, from]) => from === id);
  await until(() => hasTold(1));
  jobs.cancel(0, 2); // It waits.
  jobs.stop(0, 1);
  await until(() => hasTold(3));
  jobs.cancel(0, 3);
  const before = told.length;
  jobs.add(0, 4, "long", () => Promise.resolve(answer("end of 4")));
  await until(() => hasTold(4));
  assertEquals(told.length, before + 1);
  const ends = told.filter(([, , what]) => `${what}`.startsWith("end"));
  assertEquals(ends, [[0, 1, "end of 1"], [0, 4, "end of 4"]]);
  assertEquals(new Set(told.map(([, id]) => id)), new Set([1, 3, 4]));
});

Deno.test("a page that was closed hears nothing, and its work ends", async () => {
  const { told, jobs } = watched();
  let state = "waits";
  jobs.add(3, 1, "long", async ({ signal }) => {
    state = "runs";
    while (!signal.aborted) await turn();
    state = "aborted";
    return answer("end");
  });
  await until(() => state === "runs");
  jobs.forget(3);
  await until(() => state === "aborted");
  jobs.add(0, 2, "long", () => Promise.resolve(answer(2)));
  await until(() => told.length > 0);
  assertEquals(told, [[0, 2, 2]]);
});

Deno.test("a failure is told, and the next work is done", async () => {
  const { told, jobs } = watched();
  jobs.add(0, 1, "quick", () => Promise.reject(new RangeError("Cannot do it")));
  jobs.add(0, 2, "quick", () => Promise.resolve(answer(2)));
  await until(() => told.length === 2);
  assertEquals(told, [[0, 1, "Cannot do it"], [0, 2, 2]]);
});

Deno.test("a page cannot pile up requests", async () => {
  const { told, jobs } = watched();
  const gate = Promise.withResolvers<void>();
  for (let id = 0; id < 100; id++) {
    jobs.add(0, id, "long", async () => (await gate.promise, answer(id)));
  }
  assertEquals(told.length, 36);
  jobs.forget(0);
  gate.resolve();
  jobs.add(1, 0, "long", () => Promise.resolve(answer("of another page")));
  await until(() => told.length > 36);
  assertEquals(told.slice(36), [[1, 0, "of another page"]]);
});
