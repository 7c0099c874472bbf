/**
 * A service that is killed: takes uploads or a history into the data folder and works on them, and says what it has promised.
 * Usage: node kill-child.ts traces|history FOLDER INPUT. Lines: `ack ID` once an upload is accepted, `PROGRESS JOB DONE` while a job runs.
 */
import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { createHandlers } from "../../src/jobs/handlers.ts";
import { enqueueJob } from "../../src/jobs/enqueue.ts";
import type { JobHandler } from "../../src/jobs/queue.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { epochMillis } from "../../src/lib/units.ts";
import { openHarness } from "./harness.ts";
import { killYaml } from "./kill-config.ts";

const [mode, folder, input] = process.argv.slice(2) as [string, string, string];
const { store, queue, config, now } = await openHarness({ folder, yaml: killYaml });
const handlers = createHandlers({ store, queue, config, log: silentLogger, clock: () => epochMillis(now) });
const telling = Object.fromEntries(
  Object.entries(handlers).map(([name, handler]): [string, JobHandler] => [
    name,
    (job, context) => {
      console.log(`progress ${name} 0`);
      const progress = (done: number): void => {
        context.progress(done);
        console.log(`progress ${name} ${done}`);
      };
      return handler(job, { ...context, progress });
    },
  ]),
);
await queue.work(telling);
if (mode === "history") await enqueueJob(queue, "ingest", { target: "server", file: input });
else {
  const trace = gunzipSync(readFileSync(input));
  for (let level = 1; level <= 9; level++) {
    const bytes = gzipSync(trace, { level });
    const { record } = await store.traces.put(
      (async function* () {
        for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
      })(),
      { target: "web", uploadedAt: epochMillis(now) },
    );
    await store.targets.ensure("web", epochMillis(now));
    await enqueueJob(queue, "ingest", { target: "web", trace: record.id });
    console.log(`ack ${record.id}`);
  }
}
// Until it is killed.
setInterval(() => {}, 1000);
