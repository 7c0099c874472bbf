/**
 * The configuration: foretrace.yaml checked against one schema and turned into plain numbers with every default filled in.
 * The rest of the program sees only {@link Config}.
 */
import { LineCounter, parseDocument } from "yaml";
import { ForetraceError } from "../lib/errors.ts";
import { checkAgainstSchema, type ParsedYaml, plainValue, problem } from "./config/problems.ts";
import type { ConfigFile } from "./config/schema.ts";
import {
  bearerToken,
  byteCount,
  cronPattern,
  demandSeries,
  duration,
  expand,
  type Environment,
  looksLikeCron,
  requestTimeout,
  wholeSeconds,
} from "./config/values.ts";

export { configSchema } from "./config/schema.ts";

/** A season in milliseconds, or how to get it. */
export type SeasonChoice = "auto" | "none" | number;
/** When a step runs; undefined = never by itself. */
export type When = { readonly everyMillis: number } | { readonly pattern: string } | undefined;

export type QueryConfig = { readonly expr: string; readonly kind: "gauge" | "counter" };
export type AuthConfig = { readonly username?: string; readonly password?: string; readonly bearer?: string };
export type PrometheusConfig = {
  readonly url: string;
  readonly stepMillis: number;
  readonly lookbackMillis: number;
  readonly timeoutMillis: number;
  readonly auth: AuthConfig;
  readonly queries: Readonly<Record<string, QueryConfig>>;
};
export type AutoscaleConfig = { readonly series: string; readonly perReplica: number; readonly min: number; readonly max: number };
export type TargetConfig = {
  readonly name: string;
  readonly season: SeasonChoice;
  /** Steps ahead. */
  readonly horizon: number;
  readonly prometheus?: PrometheusConfig;
  readonly autoscale?: AutoscaleConfig;
};
export type ModelsConfig = {
  readonly horizon: number;
  readonly season: SeasonChoice;
  readonly seed: number;
  readonly trainOnMillis: number;
  readonly scoreOnMillis: number;
  readonly maxSeries: number;
};
export type Config = {
  readonly gridMillis: number;
  readonly targets: readonly TargetConfig[];
  readonly models: ModelsConfig;
  readonly schedule: { readonly ingest: When; readonly score: When; readonly forecast: When; readonly train: When };
  readonly report: { readonly cron: string; readonly rangeMillis: number; readonly timezone: string } | undefined;
  readonly api: { readonly host: string; readonly port: number; readonly token: string | undefined; readonly uploadLimitBytes: number };
};

/**
 * Reads the text of a foretrace.yaml. `${NAME}` in credentials comes from `environment`.
 * @throws ForetraceError bad_config as `file:line:column: …`, for YAML that does not parse, an unknown key (with the nearest known one) or a wrong value.
 */
export function loadConfig(text: string, fileName: string, environment: Environment = {}): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const parsed: ParsedYaml = { document, lines, file: fileName };
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw new ForetraceError("bad_config", `${fileName}:${line}:${col}: ${broken.message}`, { input: fileName, line });
  }
  const value: unknown = plainValue(parsed) ?? {};
  checkAgainstSchema(value, parsed);
  return resolve(value as ConfigFile, parsed, environment);
}

/** The configured target, or one with the defaults for a target that only has traces. */
export function targetConfig(config: Config, name: string): TargetConfig {
  return config.targets.find((target) => target.name === name) ?? { name, season: config.models.season, horizon: config.models.horizon };
}

function resolve(file: ConfigFile, parsed: ParsedYaml, environment: Environment): Config {
  const gridMillis = wholeSeconds(file.grid ?? "10s", ["grid"], parsed);
  const models: ModelsConfig = {
    horizon: file.models?.horizon ?? 30,
    season: seasonOf(file.models?.season ?? "auto", ["models", "season"], parsed),
    seed: file.models?.seed ?? 1,
    trainOnMillis: duration(file.models?.trainOn ?? "30d", ["models", "trainOn"], parsed),
    scoreOnMillis: duration(file.models?.scoreOn ?? "1d", ["models", "scoreOn"], parsed),
    maxSeries: file.models?.maxSeries ?? 300,
  };
  const names = new Set<string>();
  const targets = (file.targets ?? []).map((target, index): TargetConfig => {
    const path = ["targets", String(index)];
    if (names.has(target.name))
      throw problem(parsed, [...path, "name"], `target "${target.name}" is there twice; give each target one entry`);
    names.add(target.name);
    const { prometheus, autoscale } = target;
    if (autoscale !== undefined && (autoscale.min ?? 1) > (autoscale.max ?? 100)) {
      throw problem(parsed, [...path, "autoscale"], `autoscale.min of target "${target.name}" is above its max`);
    }
    return {
      name: target.name,
      season: target.season === undefined ? models.season : seasonOf(target.season, [...path, "season"], parsed),
      horizon: target.horizon ?? models.horizon,
      ...(prometheus && { prometheus: prometheusOf(prometheus, gridMillis, parsed, [...path, "prometheus"], environment) }),
      ...(autoscale && {
        autoscale: {
          series: demandSeries(autoscale.series, [...path, "autoscale", "series"], parsed),
          perReplica: autoscale.perReplica,
          min: autoscale.min ?? 1,
          max: autoscale.max ?? 100,
        },
      }),
    };
  });
  const { schedule = {}, report, api = {} } = file;
  return {
    gridMillis,
    targets,
    models,
    schedule: {
      ingest: whenOf(schedule.ingest ?? "1m", "ingest", parsed),
      score: whenOf(schedule.score ?? "1m", "score", parsed),
      forecast: whenOf(schedule.forecast ?? "5m", "forecast", parsed),
      train: whenOf(schedule.train ?? "1d", "train", parsed),
    },
    report: report && reportOf(report, parsed),
    api: {
      host: api.host ?? "127.0.0.1",
      port: api.port ?? 9464,
      token: api.token === undefined ? undefined : bearerToken(api.token, ["api", "token"], parsed, environment),
      uploadLimitBytes: byteCount(api.uploadLimit ?? "1GiB", ["api", "uploadLimit"], parsed),
    },
  };
}

function prometheusOf(
  file: NonNullable<NonNullable<ConfigFile["targets"]>[number]["prometheus"]>,
  gridMillis: number,
  parsed: ParsedYaml,
  path: readonly string[],
  environment: Environment,
): PrometheusConfig {
  const { auth = {} } = file;
  if (auth.bearer !== undefined && auth.username !== undefined) {
    throw problem(parsed, [...path, "auth"], "auth has both username and bearer; keep one");
  }
  const filled = Object.fromEntries(
    Object.entries(auth).map(([key, value]) => [key, expand(value, [...path, "auth", key], parsed, environment)]),
  );
  const stepMillis = file.step === undefined ? gridMillis : wholeSeconds(file.step, [...path, "step"], parsed);
  return {
    url: file.url.replace(/\/+$/, ""),
    stepMillis,
    lookbackMillis: duration(file.lookback ?? "7d", [...path, "lookback"], parsed),
    timeoutMillis: requestTimeout(file.timeout ?? "30s", [...path, "timeout"], parsed),
    auth: filled,
    queries: Object.fromEntries(
      Object.entries(file.queries).map(([name, query]) => [
        name,
        typeof query === "string" ? { expr: query, kind: "gauge" as const } : { expr: query.expr, kind: query.kind ?? "gauge" },
      ]),
    ),
  };
}

function reportOf(report: NonNullable<ConfigFile["report"]>, parsed: ParsedYaml): NonNullable<Config["report"]> {
  const timezone = report.timezone ?? "UTC";
  try {
    Intl.DateTimeFormat("en", { timeZone: timezone });
  } catch {
    throw problem(
      parsed,
      ["report", "timezone"],
      `report.timezone "${timezone}" is not an IANA time zone; write for example Europe/Berlin`,
    );
  }
  return {
    cron: cronPattern(report.cron, ["report", "cron"], parsed, timezone),
    rangeMillis: duration(report.range ?? "7d", ["report", "range"], parsed),
    timezone,
  };
}

const seasonOf = (text: string, path: readonly string[], parsed: ParsedYaml): SeasonChoice =>
  text === "auto" || text === "none" ? text : duration(text, path, parsed);

function whenOf(text: string, key: string, parsed: ParsedYaml): When {
  const path = ["schedule", key];
  if (text === "off") return undefined;
  if (looksLikeCron(text)) return { pattern: cronPattern(text, path, parsed) };
  if (/^[\d.]+[a-zµ]/.test(text)) {
    const everyMillis = duration(text, path, parsed);
    if (everyMillis >= 1000) return { everyMillis };
  }
  throw problem(parsed, path, `schedule.${key} "${text}" is not a duration of at least 1s, a cron pattern or off`);
}

/** What an empty file means. */
export const defaultConfig: Config = loadConfig("", "defaults");
