/** Amounts by place in the program, with a bounded number of labels: the largest of each window by name, the rest as `other`. */
import type { MetricName } from "../catalogue.ts";
import type { SeriesNames } from "../core/names.ts";
import type { Row } from "../core/rows.ts";

/** Named in one window, and in a whole trace: a place that comes later than these counts as `other`. */
export const namedInWindow = 10;
export const namedInTrace = 50;

export class TopSites {
  private readonly names: SeriesNames;
  private readonly metric: MetricName;
  private readonly labels: Readonly<Record<string, string>>;
  private readonly texts: readonly string[];
  private readonly unit: number;
  private readonly amounts = new Map<number, number>();
  private readonly admitted = new Map<number, number>();
  private readonly other: number;

  /** @param texts by site number; `unit` is what one of the series is, in the amounts given (1e9 for seconds of nanoseconds). */
  constructor(
    names: SeriesNames,
    metric: MetricName,
    texts: readonly string[],
    options: { readonly labels?: Readonly<Record<string, string>>; readonly unit?: number } = {},
  ) {
    this.names = names;
    this.metric = metric;
    this.texts = texts;
    this.labels = options.labels ?? {};
    this.unit = options.unit ?? 1;
    this.other = names.id(metric, { ...this.labels, site: "other" });
  }

  add(site: number, amount: number): void {
    this.amounts.set(site, (this.amounts.get(site) ?? 0) + amount);
  }

  close(row: Row): void {
    if (this.amounts.size === 0) return;
    let other = 0;
    let named = 0;
    for (const [site, amount] of [...this.amounts].sort((one, two) => two[1] - one[1] || one[0] - two[0])) {
      const series = named < namedInWindow ? this.seriesOf(site) : undefined;
      if (series === undefined) other += amount;
      else {
        row.values.push(series, amount / this.unit);
        named++;
      }
    }
    if (other !== 0) row.values.push(this.other, other / this.unit);
    this.amounts.clear();
  }

  private seriesOf(site: number): number | undefined {
    const text = this.texts[site];
    if (text === undefined || text === "") return undefined;
    let series = this.admitted.get(site);
    if (series === undefined && this.admitted.size < namedInTrace) {
      series = this.names.id(this.metric, { ...this.labels, site: text });
      this.admitted.set(site, series);
    }
    return series;
  }
}
