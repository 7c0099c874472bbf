/** The whole service on a real embedded store and queue in a folder of its own, behind a real port. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Api, createApi } from "../../src/api/app.ts";
import type { ApiConfig } from "../../src/api/context.ts";
import { openQueue } from "../../src/jobs/bullmq/open.ts";
import type { JobQueue } from "../../src/jobs/queue.ts";
import { silentLogger } from "../../src/lib/log.ts";
import { type Clock, epochMillis } from "../../src/lib/units.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/ports.ts";

export type TestService = {
  readonly api: Api;
  readonly url: string;
  readonly store: Store;
  readonly queue: JobQueue;
  readonly dataDir: string;
  readonly clock: Clock;
  /** Another service over the same store and queue, with its own configuration. */
  another(config: ApiConfig): Promise<{ readonly api: Api; readonly url: string }>;
  stop(): Promise<void>;
};

export async function startService(options: { config?: ApiConfig; clock?: Clock } = {}): Promise<TestService> {
  const dataDir = mkdtempSync(join(tmpdir(), "foretrace-api-"));
  const clock: Clock = options.clock ?? (() => epochMillis(Date.now()));
  const opened = await openStore({ dataDir });
  const { store } = opened;
  const queue = await openQueue({ pool: opened.pool, clock, log: silentLogger });
  const all: Api[] = [];
  const another = async (config: ApiConfig) => {
    const api = await createApi({
      store,
      queue,
      log: silentLogger,
      clock,
      version: "0.0.0-test",
      config: { checkAnswers: true, ...config },
    });
    all.push(api);
    return { api, url: await api.listen({ host: "127.0.0.1", port: 0 }) };
  };
  return {
    ...(await another(options.config ?? {})),
    store,
    queue,
    dataDir,
    clock,
    another,
    async stop() {
      await Promise.all(all.map((api) => api.close(1000)));
      await queue.close(1000);
      await opened.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
