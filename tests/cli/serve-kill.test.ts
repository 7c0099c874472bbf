/** kill -9 of `serve` in the middle of its work, then a restart: what was acknowledged is there, every job ends, nothing stands twice. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import type { AnomalyRecord, ForecastRecord, ModelRecord, TraceRecord } from "../../src/store/ports.ts";
import { hasHistory, writeHistory } from "../jobs/real-history.ts";
import { fixtureTrace } from "../helpers/fixtures.ts";
import { isIdle, restBase, type Server, startServer, until } from "../helpers/serve.ts";
import { hasService, type Service, startPrometheus } from "../helpers/services.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const items = async <T>(server: Server, path: string): Promise<T[]> => (await server.get<{ items: T[] }>(`${restBase}${path}`)).items;
const twice = (names: readonly string[]): string[] => names.filter((name, index) => names.indexOf(name) !== index);
async function kill(server: Server): Promise<void> {
  await server.stop("SIGKILL");
}
async function allEnded(server: Server): Promise<void> {
  await until("every job ends", async () => isIdle(await server.jobs()), 120_000);
  const failed = (await server.jobs()).filter(({ state }) => state === "failed");
  expect(failed).toEqual([]);
}

describe("kill -9 while uploads are read", () => {
  it("every acknowledged upload is read after the restart, once", async () => {
    const data = join(folder, "ingest");
    const plain = readFileSync(fixtureTrace);
    // The same trace packed differently: other bytes, so other traces.
    const bodies = [plain, ...[1, 3, 6, 9].map((level) => gzipSync(plain, { level }))];
    let server = await startServer(data);
    const acknowledged: string[] = [];
    try {
      for (const body of bodies) {
        const answer = await fetch(`${server.url}${restBase}/traces?target=shop`, { method: "POST", body: new Uint8Array(body) });
        expect(answer.status).toBe(201);
        acknowledged.push(((await answer.json()) as { id: string }).id);
      }
      const reading = async (): Promise<boolean> =>
        (await server.jobs()).some(({ name, state }) => name === "extract" && state === "active");
      await until("a trace is being read", reading);
      await kill(server);
      server = await startServer(data);
      await allEnded(server);
      const traces = await items<TraceRecord>(server, "/traces?target=shop");
      expect(traces.map(({ id }) => id).sort()).toEqual(acknowledged.toSorted());
      expect(traces.map(({ status }) => status)).toEqual(acknowledged.map(() => "extracted"));
      const series = await items<{ name: string }>(server, "/series?target=shop");
      expect(twice(series.map(({ name }) => name))).toEqual([]);
    } finally {
      server.child.kill("SIGKILL");
    }
  });
});

describe.skipIf(!hasService("prometheus") || !hasHistory)("kill -9 while models are trained", () => {
  it("training ends after the restart, with one model of each kind, one forecast a series and no window twice", async () => {
    const data = join(folder, "train");
    const history = writeHistory(folder, Math.floor(Date.now() / 300_000) * 300_000, { calm: 2400, tested: 0 });
    let prometheus: Service | undefined;
    let server: Server | undefined;
    try {
      prometheus = await startPrometheus({ blocks: readFileSync(history.file, "utf8") });
      const config = join(folder, "foretrace.yaml");
      const queries = "{ server_metric: server_metric }";
      writeFileSync(
        config,
        `targets:\n  - name: omi\n    season: 1d\n    prometheus: { url: "${prometheus.url}", step: 5m, lookback: 30d, queries: ${queries} }\n`,
      );
      server = await startServer(data, { args: ["--config", config] });
      const running = server;
      const training = async (): Promise<boolean> =>
        (await running.jobs()).some(({ name, state, progress }) => name === "train" && state === "active" && progress > 0.05);
      await until("a training is on its way", training, 90_000);
      await kill(server);
      server = await startServer(data, { args: ["--config", config] });
      const again = server;
      await until("a forecast is there", async () => (await items(again, "/forecasts?target=omi")).length > 0, 120_000);
      await allEnded(server);
      const models = await items<ModelRecord>(server, "/models?target=omi");
      expect(models.map(({ kind }) => kind).sort()).toEqual(["anomaly", "forecast"]);
      const forecasts = await items<ForecastRecord>(server, "/forecasts?target=omi");
      expect(forecasts).toHaveLength(history.series);
      expect(twice(forecasts.map(({ labels }) => JSON.stringify(labels)))).toEqual([]);
      const anomalies = await items<AnomalyRecord>(server, "/anomalies?target=omi&limit=1000");
      expect(twice(anomalies.map(({ from }) => String(from)))).toEqual([]);
    } finally {
      server?.child.kill("SIGKILL");
      await prometheus?.stop();
    }
  }, 400_000);
});
