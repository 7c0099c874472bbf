/** Logging to standard error: JSON lines where a program reads them, one short line each where a person does. */
import { pino } from "pino";
import { ForetraceError } from "../lib/errors.ts";
import type { Logger } from "../lib/log.ts";
import { wantsColor } from "./terminal.ts";

const levels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof levels)[number];

/** @throws ForetraceError bad_usage for a level that does not exist. */
export function parseLogLevel(text: string): LogLevel {
  const level = levels.find((known) => known === text);
  if (level === undefined) throw new ForetraceError("bad_usage", `--log-level ${text} is not one of ${levels.join(", ")}`);
  return level;
}

export function createLogger(level: LogLevel): Logger {
  if (process.stderr.isTTY !== true) return pino({ level, base: null }, pino.destination({ dest: 2, sync: true }));
  const color = wantsColor(process.stderr);
  return pino({ level, base: null }, { write: (line: string) => void process.stderr.write(`${readable(line, color)}\n`) });
}

const names: Readonly<Record<number, [name: string, code: number]>> = {
  20: ["debug", 90],
  30: ["info", 36],
  40: ["warn", 33],
  50: ["error", 31],
};

/** `14:03:07 info  message key=value`, in the local time zone. */
function readable(line: string, color: boolean): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as { level: number; time: number; msg?: string } & Record<string, unknown>;
  const [name, code] = names[level] ?? ["error", 31];
  const label = color ? `\u001b[${code}m${name.padEnd(5)}\u001b[0m` : name.padEnd(5);
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${valueText(value)}`);
  return [new Date(time).toTimeString().slice(0, 8), label, msg ?? "", ...rest].join(" ");
}

function valueText(value: unknown): string {
  if (value !== null && typeof value === "object" && "message" in value) return JSON.stringify(value.message);
  return typeof value === "string" && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
}
