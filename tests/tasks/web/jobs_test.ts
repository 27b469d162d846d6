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

const later = (milliseconds = 5): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));
const answer = (n: unknown): Message => ({ said: { n } });

Deno.test("pages take turns, and long work does not keep quick work waiting", async () => {
  const { told, jobs } = watched();
  const gate = Promise.withResolvers<void>();
  jobs.add(0, 1, "long", async () => (await gate.promise, answer("long")));
  for (const id of [2, 3, 4]) jobs.add(0, id, "quick", () => Promise.resolve(answer(id)));
  jobs.add(1, 5, "quick", () => Promise.resolve(answer(5)));
  await later(30);
  assertEquals(told.map(([, id]) => id), [2, 5, 3, 4]);
  gate.resolve();
  await later();
  assertEquals(told.at(-1), [0, 1, "long"]);
});

Deno.test("what is given up tells nothing more, and what is stopped tells what it has", async () => {
  const { told, jobs } = watched();
  for (const id of [1, 2, 3]) {
    jobs.add(0, id, "long", async ({ signal, show }) => {
      let steps = 0;
      while (!signal.aborted && steps < 1000) {
        show(answer(++steps));
        await later(2);
      }
      return answer(`end of ${id}`);
    });
  }
  await later(20);
  jobs.cancel(0, 2); // It waits.
  jobs.stop(0, 1);
  await later(20);
  jobs.cancel(0, 3);
  await later(20);
  const ends = told.filter(([, , what]) => `${what}`.startsWith("end"));
  assertEquals(ends, [[0, 1, "end of 1"]]);
  const before = told.length;
  await later(20);
  assertEquals(told.length, before);
  assertEquals(new Set(told.map(([, id]) => id)), new Set([1, 3]));
});

Deno.test("a page that was closed hears nothing, and its work ends", async () => {
  const { told, jobs } = watched();
  let wasAborted = false;
  jobs.add(3, 1, "long", async ({ signal }) => {
    while (!signal.aborted) await later(1);
    wasAborted = true;
    return answer("end");
  });
  await later(10);
  jobs.forget(3);
  await later(10);
  assertEquals([wasAborted, told], [true, []]);
});

Deno.test("a failure is told, and the next work is done", async () => {
  const { told, jobs } = watched();
  jobs.add(0, 1, "quick", () => Promise.reject(new RangeError("Cannot do it")));
  jobs.add(0, 2, "quick", () => Promise.resolve(answer(2)));
  await later(20);
  assertEquals(told, [[0, 1, "Cannot do it"], [0, 2, 2]]);
});

Deno.test("a page cannot pile up requests", async () => {
  const { told, jobs } = watched();
  const gate = Promise.withResolvers<void>();
  for (let id = 0; id < 100; id++) {
    jobs.add(0, id, "long", async () => (await gate.promise, answer(id)));
  }
  await later();
  assertEquals(told.length, 36);
  gate.resolve();
  jobs.forget(0);
  await later();
});
