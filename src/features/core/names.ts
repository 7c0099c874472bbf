/** Names of output series, interned once: a window refers to a series by number until it leaves. */
import { formatSeriesName } from "../../lib/series.ts";
import type { GenerationTables } from "../../trace/model.ts";
import type { MetricName } from "../catalogue.ts";

export class SeriesNames {
  readonly texts: string[] = [];
  private readonly ids = new Map<string, number>();

  /** Number of the series; the same number for the same name and labels. */
  id(metric: MetricName, labels: Readonly<Record<string, string>> = {}): number {
    const text = formatSeriesName({ __name__: metric, ...labels });
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.texts.length;
      this.texts.push(text);
      this.ids.set(text, id);
    }
    return id;
  }
}

/** Ids are small and dense; a trace that makes up larger ones has them looked up in a Map. */
const denseIds = 1 << 20;

/** Numbers ≥ 0 by id of the current generation (a string's, a stack's). */
export class IdNumbers {
  /** 1 + the number; 0 = not known. */
  private dense = new Int32Array(64);
  private readonly others = new Map<number, number>();

  /** -1 = not known. */
  get(id: number): number {
    return id < this.dense.length ? this.dense[id]! - 1 : (this.others.get(id) ?? -1);
  }

  set(id: number, number: number): void {
    if (id >= denseIds) {
      this.others.set(id, number);
      return;
    }
    if (id >= this.dense.length) {
      const longer = new Int32Array(2 ** Math.ceil(Math.log2(id + 1)));
      longer.set(this.dense);
      this.dense = longer;
    }
    this.dense[id] = number + 1;
  }

  clear(): void {
    this.dense.fill(0);
    this.others.clear();
  }
}

/**
 * Numbers given to label values as they appear: string id of the current generation → text → number.
 * Ids change their meaning with every generation, texts do not; `make` runs once for each text.
 */
export class LabelValues {
  private readonly byText = new Map<string, number>();
  private readonly byId = new IdNumbers();
  private readonly make: (text: string) => number;
  private tables: GenerationTables | undefined;

  constructor(make: (text: string) => number) {
    this.make = make;
  }

  generation(tables: GenerationTables): void {
    this.tables = tables;
    this.byId.clear();
  }

  ofText(text: string): number {
    let number = this.byText.get(text);
    if (number === undefined) {
      number = this.make(text);
      this.byText.set(text, number);
    }
    return number;
  }

  ofId(id: number): number {
    const known = this.byId.get(id);
    if (known >= 0) return known;
    const number = this.ofText(id === 0 || this.tables === undefined ? "" : this.tables.string(id));
    this.byId.set(id, number);
    return number;
  }
}
