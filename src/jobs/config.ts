/**
 * The configuration: foretrace.yaml checked against one schema and turned into plain numbers with every default filled in.
 * The rest of the program sees only {@link Config}.
 */
import { LineCounter, parseDocument } from "yaml";
import { ForetraceError } from "../lib/errors.ts";
import { parseDurationMillis } from "../lib/units.ts";
import { checkAgainstSchema, type ParsedYaml, problem } from "./config/problems.ts";
import type { ConfigFile } from "./config/schema.ts";

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

type Environment = Readonly<Record<string, string | undefined>>;

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
  const value: unknown = document.toJS() ?? {};
  checkAgainstSchema(value, parsed);
  return resolve(value as ConfigFile, parsed, environment);
}

/** The configured target, or one with the defaults for a target that only has traces. */
export function targetConfig(config: Config, name: string): TargetConfig {
  return config.targets.find((target) => target.name === name) ?? { name, season: config.models.season, horizon: config.models.horizon };
}

function resolve(file: ConfigFile, parsed: ParsedYaml, environment: Environment): Config {
  const gridMillis = millis(file.grid ?? "10s", "grid", parsed);
  const models: ModelsConfig = {
    horizon: file.models?.horizon ?? 30,
    season: seasonOf(file.models?.season ?? "auto"),
    seed: file.models?.seed ?? 1,
    trainOnMillis: parseDurationMillis(file.models?.trainOn ?? "30d"),
    scoreOnMillis: parseDurationMillis(file.models?.scoreOn ?? "1d"),
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
      season: target.season === undefined ? models.season : seasonOf(target.season),
      horizon: target.horizon ?? models.horizon,
      ...(prometheus && { prometheus: prometheusOf(prometheus, gridMillis, parsed, [...path, "prometheus"], environment) }),
      ...(autoscale && {
        autoscale: { series: autoscale.series, perReplica: autoscale.perReplica, min: autoscale.min ?? 1, max: autoscale.max ?? 100 },
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
      token: api.token === undefined ? undefined : expand(api.token, parsed, ["api", "token"], environment),
      uploadLimitBytes: bytesOf(api.uploadLimit ?? "1GiB"),
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
    Object.entries(auth).map(([key, value]) => [key, expand(value, parsed, [...path, "auth", key], environment)]),
  );
  const stepMillis = file.step === undefined ? gridMillis : millis(file.step, [...path, "step"].join("."), parsed);
  return {
    url: file.url.replace(/\/+$/, ""),
    stepMillis,
    lookbackMillis: parseDurationMillis(file.lookback ?? "7d"),
    timeoutMillis: parseDurationMillis(file.timeout ?? "30s"),
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
  if (!isCron(report.cron))
    throw problem(parsed, ["report", "cron"], `report.cron "${report.cron}" is not a cron pattern; write for example 0 7 * * 1`);
  return { cron: report.cron, rangeMillis: parseDurationMillis(report.range ?? "7d"), timezone };
}

/** Whole milliseconds, at least one second: the store keeps times in milliseconds, and a finer grid is a trace's business. */
function millis(text: string, key: string, parsed: ParsedYaml): number {
  const value = parseDurationMillis(text, key);
  if (!Number.isInteger(value) || value < 1000)
    throw problem(parsed, key.split("."), `${key} "${text}" must be whole milliseconds, at least 1s`);
  return value;
}

const seasonOf = (text: string): SeasonChoice => (text === "auto" || text === "none" ? text : parseDurationMillis(text, "season"));

const isCron = (text: string): boolean => /^(\S+\s+){4,5}\S+$/.test(text.trim());

function whenOf(text: string, key: string, parsed: ParsedYaml): When {
  if (text === "off") return undefined;
  if (isCron(text)) return { pattern: text.trim() };
  try {
    const everyMillis = parseDurationMillis(text);
    if (everyMillis >= 1000) return { everyMillis };
  } catch {
    // Said below, with its line.
  }
  throw problem(parsed, ["schedule", key], `schedule.${key} "${text}" is not a duration of at least 1s, a cron pattern or off`);
}

function bytesOf(text: string): number {
  const match = /^([\d.]+)\s*([KMGT]?)(i?)B$/.exec(text)!;
  return Math.floor(Number(match[1]) * (match[3] === "i" ? 1024 : 1000) ** ["", "K", "M", "G", "T"].indexOf(match[2]!));
}

function expand(text: string, parsed: ParsedYaml, path: readonly string[], environment: Environment): string {
  return text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined || value === "")
      throw problem(parsed, path, `${path.join(".")} needs the environment variable ${name}, which is not set`);
    return value;
  });
}

/** What an empty file means. */
export const defaultConfig: Config = loadConfig("", "defaults");
