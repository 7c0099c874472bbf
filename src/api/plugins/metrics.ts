/** /metrics: what the service does, by prom-client in a registry of its own; every name begins with foretrace_. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { JobName, JobQueue } from "../../jobs/queue.ts";
import type { Clock } from "../../lib/units.ts";
import type { Store } from "../../store/ports.ts";
import type { App } from "../context.ts";

export type Metrics = {
  readonly registry: Registry;
  /** result: created, known, or the code of the error. */
  readonly uploads: Counter<"result">;
  readonly uploadBytes: Counter;
};

const jobNames: readonly JobName[] = ["ingest", "extract", "train", "score", "forecast", "report"];

export function createMetrics(store: Store, queue: JobQueue, clock: Clock): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: "foretrace_" });
  new Gauge({
    name: "foretrace_jobs",
    help: "Jobs in the queue, by state.",
    labelNames: ["state"],
    registers,
    async collect() {
      for (const [state, count] of Object.entries(await queue.counts())) this.set({ state }, count);
    },
  });
  new Gauge({
    name: "foretrace_job_last_success_timestamp_seconds",
    help: "When a job of this name last completed, seconds since 1970.",
    labelNames: ["name"],
    registers,
    async collect() {
      for (const name of jobNames) {
        const [last] = await queue.list({ name, state: "completed", limit: 1 });
        if (last?.finishedAt !== undefined) this.set({ name }, last.finishedAt / 1000);
      }
    },
  });
  new Gauge({
    name: "foretrace_forecast_age_seconds",
    help: "Age of the newest forecast of each target.",
    labelNames: ["target"],
    registers,
    async collect() {
      this.reset();
      const newest = new Map<string, number>();
      for (const { target, issuedAt } of await store.outcomes.latestForecasts({})) {
        newest.set(target, Math.max(issuedAt, newest.get(target) ?? 0));
      }
      for (const [target, issuedAt] of newest) this.set({ target }, Math.max(0, clock() - issuedAt) / 1000);
    },
  });
  return {
    registry,
    uploads: new Counter({ name: "foretrace_uploads_total", help: "Traces sent for upload, by result.", labelNames: ["result"], registers }),
    uploadBytes: new Counter({ name: "foretrace_upload_bytes_total", help: "Bytes of stored uploads, as sent.", registers }),
  };
}

/** Measures every request and serves /metrics. */
export function useMetrics(app: App, metrics: Metrics): void {
  const durations = new Histogram({
    name: "foretrace_http_request_duration_seconds",
    help: "Time from the request's head to the end of the answer.",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [metrics.registry],
  });
  app.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "unknown";
    durations.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
  app.get(
    "/metrics",
    { schema: { summary: "Metrics of Foretrace itself", description: "Prometheus text format.", tags: ["service"], produces: ["text/plain"] } },
    async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}
