/** What each job takes. Inputs come out of a database, maybe written by another version, so they are checked before a step runs. */
import { Type, type Static, type TSchema } from "typebox";
import { Value } from "typebox/value";
import { ForetraceError } from "../lib/errors.ts";
import type { JobName } from "./queue.ts";

const closed = { additionalProperties: false };
const target = Type.String({ minLength: 1 });
const ofTarget = Type.Object({ target }, closed);

export const inputSchemas = {
  ingest: Type.Union([
    Type.Object({ target, trace: Type.String({ description: "Id of a stored trace" }) }, closed),
    Type.Object({ target, source: Type.Literal("prometheus") }, closed),
    Type.Object(
      {
        target,
        file: Type.String({ description: "OpenMetrics or Prometheus text with times, on the disk of the worker" }),
        shiftMillis: Type.Optional(Type.Number({ description: "Added to every time: a history replayed at another time" })),
      },
      closed,
    ),
  ]),
  extract: Type.Object({ trace: Type.String() }, closed),
  train: Type.Object(
    { target, scheduled: Type.Optional(Type.Boolean({ description: "The first training waits for the end of the first pull" })) },
    closed,
  ),
  score: Type.Object(
    { target, renew: Type.Optional(Type.Boolean({ description: "Also when no sample is newer than the newest score" })) },
    closed,
  ),
  forecast: ofTarget,
  report: Type.Object(
    {
      from: Type.Optional(Type.Number({ description: "Milliseconds since 1970; default: the configured range before `to`" })),
      to: Type.Optional(Type.Number({ description: "Milliseconds since 1970; default: now" })),
    },
    closed,
  ),
} as const satisfies Record<JobName, TSchema>;

export type JobInput<Name extends JobName> = Static<(typeof inputSchemas)[Name]>;

/** @throws ForetraceError bad_usage naming the job and the first field that does not fit. */
export function checkInput<Name extends JobName>(name: Name, input: unknown): JobInput<Name> {
  const schema: TSchema = inputSchemas[name];
  if (Value.Check(schema, input)) return input as JobInput<Name>;
  const [problem] = Value.Errors(schema, input);
  const where = problem?.instancePath ? `field "${problem.instancePath.slice(1)}" ` : "";
  throw new ForetraceError("bad_usage", `input of job ${name}: ${where}${problem?.message ?? "is wrong"}`, { input: `job ${name}` });
}
