/** What the routes of the Prometheus API take and give, for the documentation and for checking answers in tests. */
import { type TSchema, Type } from "typebox";

export const prometheusBase = "/api/v1";
export const formType = "application/x-www-form-urlencoded";

const text = (description: string) => Type.Optional(Type.String({ description }));
const moment = (what: string) => text(`${what}: Unix seconds or RFC 3339`);
const common = {
  timeout: text("Seconds or a duration"),
  limit: text("At most so many series"),
  lookback_delta: text("Seconds or a duration; 5m unless told"),
};
const query = text("PromQL: a selector, or numbers");

export const parameters = {
  query: { query, time: moment("Moment; now unless told"), ...common },
  range: { query, start: moment("Start"), end: moment("End"), step: text("Seconds or a duration"), ...common },
  search: {
    "match[]": text("Series selector; may be repeated"),
    start: moment("Start"),
    end: moment("End"),
    limit: text("At most so many"),
  },
  metadata: {
    metric: text("Only this metric"),
    limit: text("At most so many metrics"),
    limit_per_metric: text("At most so many entries for each"),
  },
  exemplars: { query, start: moment("Start"), end: moment("End") },
  none: {},
};

const LabelMap = Type.Record(Type.String(), Type.String());
const Point = Type.Tuple([Type.Number({ description: "Unix seconds" }), Type.String({ description: "Value; NaN, +Inf and -Inf as text" })]);
const envelope = <S extends TSchema>(data: S) =>
  Type.Object({ status: Type.Literal("success"), data, warnings: Type.Optional(Type.Array(Type.String())) });

export const InstantAnswer = envelope(
  Type.Union([
    Type.Object({ resultType: Type.Literal("vector"), result: Type.Array(Type.Object({ metric: LabelMap, value: Point })) }),
    Type.Object({ resultType: Type.Enum(["scalar", "string"]), result: Point }),
  ]),
);
export const RangeAnswer = envelope(
  Type.Object({ resultType: Type.Literal("matrix"), result: Type.Array(Type.Object({ metric: LabelMap, values: Type.Array(Point) })) }),
);
export const SeriesAnswer = envelope(Type.Array(LabelMap));
export const NamesAnswer = envelope(Type.Array(Type.String()));
export const MetadataAnswer = envelope(
  Type.Record(Type.String(), Type.Array(Type.Object({ type: Type.String(), help: Type.String(), unit: Type.String() }))),
);
export const BuildinfoAnswer = envelope(LabelMap);
export const RulesAnswer = envelope(Type.Object({ groups: Type.Array(Type.Unknown(), { maxItems: 0 }) }));
export const AlertsAnswer = envelope(Type.Object({ alerts: Type.Array(Type.Unknown(), { maxItems: 0 }) }));
export const ExemplarsAnswer = envelope(Type.Array(Type.Unknown(), { maxItems: 0 }));

const ErrorAnswer = Type.Object(
  { status: Type.Literal("error"), errorType: Type.String(), error: Type.String() },
  { description: "errorType: bad_data 400, execution 422, timeout 503, …" },
);

/** Schema of a route; every parameter may come in the address or, with POST, as a form. */
export function described<P extends Record<string, TSchema>>(summary: string, taken: P, success: TSchema) {
  return {
    summary,
    tags: ["prometheus"],
    consumes: [formType],
    querystring: Type.Object(taken),
    response: { 200: success, "4xx": ErrorAnswer, "5xx": ErrorAnswer },
  };
}
