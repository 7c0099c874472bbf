/** The HTTP service: REST, Prometheus API, autoscaler answer, metrics of its own, documentation and the page. */
import { availableParallelism } from "node:os";
import fastifySwagger from "@fastify/swagger";
import fastify from "fastify";
import { ForetraceError } from "../lib/errors.ts";
import { type ApiContext, type ApiParts, type App, defaultLimits } from "./context.ts";
import { useAuth } from "./plugins/auth.ts";
import { useDocs } from "./plugins/docs.ts";
import { answerBadRequest, frameworkError, useErrors } from "./plugins/errors.ts";
import { useSecurityHeaders } from "./plugins/headers.ts";
import { useMethodAnswers } from "./plugins/methods.ts";
import { createMetrics, useMetrics } from "./plugins/metrics.ts";
import { usePage } from "./plugins/page.ts";
import { useSchemas } from "./plugins/validation.ts";
import { autoscaleRoutes } from "./routes/autoscale.ts";
import { healthRoutes, type Readiness } from "./routes/health.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { outcomeRoutes } from "./routes/outcomes.ts";
import { prometheusRoutes } from "./routes/prometheus.ts";
import { reportRoutes } from "./routes/reports.ts";
import { seriesRoutes } from "./routes/series.ts";
import { targetRoutes } from "./routes/targets.ts";
import { traceRoutes } from "./routes/traces.ts";
import { createTraceWorkers } from "./trace-workers.ts";

export type Api = {
  /** For tests (`app.inject`) and for what else wants to hang on the server. */
  readonly app: App;
  /**
   * Binds, and answers /readyz with 200 from then on unless `ready` is false. Resolves with the address (`http://127.0.0.1:9464`).
   * @throws ForetraceError bad_usage when the port is taken, not allowed, or the address is not of this machine.
   */
  listen(options: { host: string; port: number; ready?: boolean }): Promise<string>;
  /** /readyz answers 200 from now on: everything that a request needs is open. */
  ready(): void;
  /** /readyz answers 503 from now on, so that no balancer sends more; everything is still answered. */
  drain(): void;
  /** Takes no new connection, lets running requests end for at most `graceMillis` (3 s), then cuts them. Safe to call twice. */
  close(graceMillis?: number): Promise<void>;
};

/** A connection on which nothing moves for so long is closed: a stalled upload must not hold its place for ever. */
const idleMillis = 120_000;
const sweepMillis = 50;

/** Builds the service over its parts; opens no port until `listen`. */
export async function createApi(parts: ApiParts): Promise<Api> {
  const { config, log } = parts;
  const limits = { ...defaultLimits, ...config.limits };
  const context: ApiContext = {
    ...parts,
    limits,
    metrics: createMetrics(parts.store, parts.queue, parts.clock, log),
    workers: createTraceWorkers({ threads: Math.max(1, Math.min(4, availableParallelism() - 1)), waiting: limits.waitingDecodes }),
  };
  const readiness: Readiness = { state: "starting" };
  const app: App = fastify({
    bodyLimit: limits.bodyBytes,
    connectionTimeout: idleMillis,
    // Idle connections are closed at once, busy ones after their answer.
    forceCloseConnections: "idle",
    return503OnClosing: true,
    clientErrorHandler: answerBadRequest,
    frameworkErrors: frameworkError,
    routerOptions: { maxParamLength: 1000 },
  });
  useErrors(app, log);
  useSchemas(app, config.checkAnswers === true);
  useAuth(app, config);
  useSecurityHeaders(app);
  await app.register(fastifySwagger, { openapi: openapiOf(parts.version) });
  const addMethodAnswers = useMethodAnswers(app);
  useMetrics(app, context.metrics);
  healthRoutes(app, readiness);
  for (const routes of [
    targetRoutes,
    traceRoutes,
    seriesRoutes,
    outcomeRoutes,
    jobRoutes,
    reportRoutes,
    autoscaleRoutes,
    prometheusRoutes,
  ]) {
    await routes(app, context);
  }
  await useDocs(app);
  await usePage(app, config.pageDir);
  addMethodAnswers();
  await app.ready();

  let closing: Promise<void> | undefined;
  const close = async (graceMillis: number): Promise<void> => {
    readiness.state = "draining";
    const cut = setTimeout(() => app.server.closeAllConnections(), graceMillis);
    // A connection whose last answer has gone out would be kept open for the next request.
    const sweep = setInterval(() => app.server.closeIdleConnections(), sweepMillis);
    try {
      await app.close();
    } finally {
      clearTimeout(cut);
      clearInterval(sweep);
      await context.workers.close();
    }
  };
  return {
    app,
    async listen({ host, port, ready = true }) {
      try {
        const address = await app.listen({ host, port });
        if (ready) readiness.state = "ready";
        return address;
      } catch (error) {
        throw listenError(error, host, port);
      }
    },
    ready: () => void (readiness.state = "ready"),
    drain: () => void (readiness.state = "draining"),
    close: (graceMillis = 3000) => (closing ??= close(graceMillis)),
  };
}

function listenError(error: unknown, host: string, port: number): unknown {
  const reasons: Record<string, string> = {
    EADDRINUSE: `port ${port} of ${host} is taken; stop what holds it or give another with --port`,
    EACCES: `port ${port} may not be opened by this user; give one above 1023 with --port`,
    EADDRNOTAVAIL: `${host} is not an address of this machine`,
    ENOTFOUND: `the host name ${host} is not known`,
  };
  const reason = reasons[(error as NodeJS.ErrnoException).code ?? ""];
  return reason === undefined ? error : new ForetraceError("bad_usage", reason, { input: "listen", cause: error });
}

function openapiOf(version: string) {
  return {
    openapi: "3.1.0",
    info: {
      title: "Foretrace",
      version,
      description:
        "Go execution traces and Prometheus metrics in; forecasts, anomalous windows and replica counts out. " +
        "Times are milliseconds since 1970, missing values are null. Errors: docs/errors.md.",
    },
    components: { securitySchemes: { token: { type: "http" as const, scheme: "bearer" } } },
    security: [{ token: [] }],
  };
}
