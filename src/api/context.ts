/** What every route gets handed in. */
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from "fastify";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { JobQueue } from "../jobs/queue.ts";
import type { Logger } from "../lib/log.ts";
import type { Clock } from "../lib/units.ts";
import type { Store } from "../store/ports.ts";
import type { TraceWorkers } from "./trace-workers.ts";
import type { Metrics } from "./plugins/metrics.ts";

/** A Fastify instance whose handlers take their types from the TypeBox schemas of the route. */
export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** How a target is scaled: the series that says its demand, and what one replica carries of it. */
export type AutoscaleConfig = {
  /** Prometheus notation; the label `target` is added when it is missing. */
  readonly series: string;
  readonly perReplica?: number;
  /** Bounds of the answer; 1 and none unless told. */
  readonly min?: number;
  readonly max?: number;
};

export type ApiLimits = {
  readonly uploadBytes: number;
  readonly bodyBytes: number;
  readonly concurrentUploads: number;
  /** An upload that stays below the least rate (src/api/upload.ts) for so long loses its place. */
  readonly slowUploadMillis: number;
  /** Trace slices and timelines that may wait for a worker. */
  readonly waitingDecodes: number;
};
export const defaultLimits: ApiLimits = {
  uploadBytes: 2 ** 31,
  bodyBytes: 2 ** 20,
  concurrentUploads: 4,
  slowUploadMillis: 30_000,
  waitingDecodes: 16,
};

export type ApiConfig = {
  /** Wanted as `Authorization: Bearer …` on everything but health and the page's own files. */
  readonly token?: string;
  /** Host names beside those of loopback that requests may carry when there is no token. */
  readonly hosts?: readonly string[];
  /** Serve under any host name without a token. */
  readonly insecure?: boolean;
  readonly limits?: Partial<ApiLimits>;
  /** Folder of the built page. */
  readonly pageDir?: string;
  readonly autoscale?: Readonly<Record<string, AutoscaleConfig>>;
  /** A sample older than this is stale, and a forecast older than three times this; five minutes unless told. */
  readonly staleAfterMillis?: number;
  /** Tests: answers that do not fit their documented schema become errors. */
  readonly checkAnswers?: boolean;
};

export type ApiParts = {
  readonly store: Store;
  readonly queue: JobQueue;
  readonly log: Logger;
  readonly clock: Clock;
  readonly version: string;
  readonly config: ApiConfig;
};

export type ApiContext = ApiParts & { readonly limits: ApiLimits; readonly metrics: Metrics; readonly workers: TraceWorkers };
