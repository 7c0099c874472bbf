/** /metrics: what the service does, by prom-client in a registry of its own; every name begins with foretrace_. */
import { Type } from "typebox";
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { JobQueue } from "../../jobs/queue.ts";
import type { Logger } from "../../lib/log.ts";
import type { Clock } from "../../lib/units.ts";
import type { Store } from "../../store/ports.ts";
import type { App } from "../context.ts";

export type Metrics = {
  readonly registry: Registry;
  /** result: created, known, or the code of the error. */
  readonly uploads: Counter<"result">;
  readonly uploadBytes: Counter;
};

export function createMetrics(store: Store, queue: JobQueue, clock: Clock, log: Logger): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: "foretrace_" });
  /** A gauge that is asked for at every scrape. Where that fails it is left out: the rest must still be seen, above all then. */
  const asked = <Label extends string>(
    name: string,
    help: string,
    label: Label,
    values: () => Promise<Iterable<readonly [string, number]>>,
  ): void => {
    // The registry keeps it.
    void new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      async collect() {
        this.reset();
        try {
          for (const [value, amount] of await values()) this.set({ [label]: value } as Record<Label, string>, amount);
        } catch (error) {
          log.warn({ err: error, metric: name }, "a metric could not be collected");
        }
      },
    });
  };
  asked("foretrace_jobs", "Jobs in the queue, by state.", "state", async () => Object.entries(await queue.counts()));
  asked("foretrace_job_last_success_timestamp_seconds", "When a job of this name last completed, seconds since 1970.", "name", async () => {
    const last = Object.entries(await queue.lastCompleted());
    return last.map(([name, finishedAt]) => [name, finishedAt / 1000] as const);
  });
  asked("foretrace_forecast_age_seconds", "Age of the newest forecast of each target.", "target", async () => {
    const newest = new Map<string, number>();
    for (const { target, issuedAt } of await store.outcomes.latestForecasts({})) {
      newest.set(target, Math.max(issuedAt, newest.get(target) ?? 0));
    }
    return [...newest].map(([target, issuedAt]) => [target, Math.max(0, clock() - issuedAt) / 1000] as const);
  });
  return {
    registry,
    uploads: new Counter({
      name: "foretrace_uploads_total",
      help: "Traces sent for upload, by result.",
      labelNames: ["result"],
      registers,
    }),
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
    {
      schema: {
        summary: "Metrics of Foretrace itself",
        description: "Prometheus text format.",
        tags: ["service"],
        produces: ["text/plain"],
        response: { 200: Type.String() },
      },
    },
    async (_request, reply) => reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}
