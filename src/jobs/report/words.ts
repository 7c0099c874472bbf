/** Moments in one zone and values with their units, as a report writes them. */
import { describeSeries } from "../../features/catalogue.ts";
import { formatSeriesName, type Labels } from "../../lib/series.ts";
import { formatBytes, formatDuration, formatNumber } from "../../lib/units.ts";

export type Times = {
  /** `2026-11-24 23:02:44` in the zone; with its offset where clocks are put forward or back, so that no moment has two meanings. */
  moment(at: number): string;
  /** Two moments; the day only once when both lie on it. */
  span(from: number, to: number): string;
  readonly zone: string;
};

/** @param zone IANA name */
export function timesIn(zone: string): Times {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
  const offset = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "shortOffset" });
  const offsetAt = (at: number): string => offset.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const plain = (at: number): [day: string, time: string] => format.format(at).split(" ") as [string, string];
  const marked = (at: number): string =>
    zone === "UTC" || offsetAt(at - 86_400_000) === offsetAt(at + 86_400_000) ? "" : ` ${offsetAt(at)}`;
  return {
    zone,
    moment: (at) => plain(at).join(" ") + marked(at),
    span(from, to) {
      const [day, time] = plain(from);
      const [lastDay, lastTime] = plain(to);
      return `${day} ${time}${marked(from)} – ${day === lastDay ? "" : `${lastDay} `}${lastTime}${marked(to)}`;
    },
  };
}

/** A value of a series with its unit: by the catalogue, else by the ending that Prometheus' naming rules ask for. */
export function valueText(labels: Labels, value: number | null): string {
  if (value === null) return "missing";
  const name = labels["__name__"] ?? "";
  const known = describeSeries(name);
  const unit = known?.unit ?? (/_seconds(_total)?$/.test(name) ? "s" : /_bytes(_total)?$/.test(name) ? "B" : "");
  return unit === "s" ? formatDuration(value * 1e9) : unit === "B" ? formatBytes(value) : formatNumber(value);
}

/** The series without the label that every series of a target's section has. */
export function seriesText(labels: Labels): string {
  return formatSeriesName(Object.fromEntries(Object.entries(labels).filter(([name]) => name !== "target")));
}

export const millisText = (millis: number): string => formatDuration(millis * 1e6);
export const percentText = (share: number): string => `${Math.round(share * 100)} %`;
export const countText = (count: number, one: string, many = `${one}s`): string => `${formatNumber(count)} ${count === 1 ? one : many}`;
