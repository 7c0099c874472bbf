/** The shape of foretrace.yaml: validation, editor help (`foretrace config schema`) and the types of the loader come from here. */
import { type Static, Type } from "typebox";
import { targetNamePattern } from "../../lib/target-name.ts";

const duration = (description: string) =>
  Type.String({ description, pattern: "^(\\d+(\\.\\d+)?(ns|us|µs|ms|s|m|h|d|w))+$", examples: ["10s", "5m", "1h30m", "7d"] });
const text = (description: string) => Type.String({ description, minLength: 1 });
const closed = { additionalProperties: false } as const;

const season = duration("Length of one season, for example 1d; `auto` (the default) finds it in the history, `none` says there is none.");
const seasonChoice = Type.Union([Type.Literal("auto"), Type.Literal("none"), season]);

const query = Type.Union([
  text("A PromQL expression."),
  Type.Object(
    {
      expr: text("A PromQL expression."),
      kind: Type.Optional(
        Type.Union([Type.Literal("gauge"), Type.Literal("counter")], {
          description: "counter: the expression gives a counter; its rate per second is stored, resets included.",
        }),
      ),
    },
    closed,
  ),
]);

const auth = Type.Object(
  {
    username: Type.Optional(text("User of basic authentication.")),
    password: Type.Optional(text("Password of basic authentication; ${NAME} takes it from the environment.")),
    bearer: Type.Optional(text("Bearer token; ${NAME} takes it from the environment.")),
  },
  { ...closed, description: "Credentials: username and password, or bearer." },
);

const prometheus = Type.Object(
  {
    url: Type.String({ description: "Base address, for example http://localhost:9090.", pattern: "^https?://" }),
    step: Type.Optional(duration("Resolution of the queries and grid of the series; at least the scrape interval. Default: the grid.")),
    lookback: Type.Optional(duration("How far back the first pull goes. Default 7d.")),
    timeout: Type.Optional(duration("Longest wait for one answer. Default 30s.")),
    auth: Type.Optional(auth),
    queries: Type.Record(Type.String({ pattern: "^[a-zA-Z_:][a-zA-Z0-9_:]*$" }), query, {
      description: "Name of the stored series → what to ask. Labels of the answer are kept.",
      additionalProperties: false,
    }),
  },
  { ...closed, description: "Metrics pulled from a Prometheus (or anything that speaks its query API)." },
);

const target = Type.Object(
  {
    name: Type.String({ description: "The service; the `target` label of its series.", pattern: targetNamePattern }),
    season: Type.Optional(seasonChoice),
    horizon: Type.Optional(Type.Integer({ description: "Steps ahead, in place of models.horizon.", minimum: 1, maximum: 500 })),
    prometheus: Type.Optional(prometheus),
    autoscale: Type.Optional(
      Type.Object(
        {
          series: text("Series that is the demand, in Prometheus notation; its values are added up when it has several label sets."),
          perReplica: Type.Number({ description: "Demand that one replica carries.", exclusiveMinimum: 0 }),
          min: Type.Optional(Type.Integer({ description: "Fewest replicas. Default 1.", minimum: 0 })),
          max: Type.Optional(Type.Integer({ description: "Most replicas. Default 100.", minimum: 1 })),
        },
        { ...closed, description: "What /autoscale/v1/{target}/{horizon} answers from." },
      ),
    ),
  },
  closed,
);

const when = Type.String({
  description: "A duration (every so often), a cron pattern of five fields, or `off`.",
  minLength: 2,
  examples: ["1m", "0 3 * * *", "off"],
});

export const configSchema = Type.Object(
  {
    grid: Type.Optional(duration("Grid of the series made from traces. Default 10s.")),
    targets: Type.Optional(Type.Array(target, { description: "One entry for each service." })),
    models: Type.Optional(
      Type.Object(
        {
          horizon: Type.Optional(Type.Integer({ description: "Steps ahead that are forecast. Default 30.", minimum: 1, maximum: 500 })),
          season: Type.Optional(seasonChoice),
          seed: Type.Optional(Type.Integer({ description: "Seed of everything random. Default 1.", minimum: 0 })),
          trainOn: Type.Optional(duration("History that training looks at. Default 30d.")),
          scoreOn: Type.Optional(duration("History that each scoring looks at. Default 1d.")),
          maxSeries: Type.Optional(Type.Integer({ description: "Most series of a target that are modelled. Default 300.", minimum: 1 })),
        },
        closed,
      ),
    ),
    schedule: Type.Optional(
      Type.Object(
        {
          ingest: Type.Optional(when),
          score: Type.Optional(when),
          forecast: Type.Optional(when),
          train: Type.Optional(when),
        },
        { ...closed, description: "How often each step runs for every target. Default: ingest 1m, score 1m, forecast 5m, train 1d." },
      ),
    ),
    report: Type.Optional(
      Type.Object(
        {
          cron: Type.String({ description: "Cron pattern of five fields, for example 0 7 * * 1 (Mondays at seven).", minLength: 9 }),
          range: Type.Optional(duration("Time range of each report. Default 7d.")),
          timezone: Type.Optional(text("IANA name for the pattern and for the times in the report. Default UTC.")),
        },
        closed,
      ),
    ),
    api: Type.Optional(
      Type.Object(
        {
          host: Type.Optional(text("Address to bind. Default 127.0.0.1.")),
          port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535, description: "Default 9464." })),
          token: Type.Optional(text("Bearer token that callers need; ${NAME} takes it from the environment.")),
          uploadLimit: Type.Optional(
            Type.String({ description: "Largest trace upload. Default 1GiB.", pattern: "^\\d+(\\.\\d+)?\\s*(B|[KMGT]i?B)$" }),
          ),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: "foretrace.yaml" },
);

/** The file as written. {@link Config} is what the program uses. */
export type ConfigFile = Static<typeof configSchema>;
