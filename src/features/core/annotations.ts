/** What the program itself marked: tasks, regions, logs of runtime/trace. */
import type { GenerationTables } from "../../trace/model.ts";
import { LabelValues, type SeriesNames } from "./names.ts";
import { putAmount, type Family, type Row } from "./rows.ts";

export class Annotations implements Family {
  tasksStarted = 0;
  tasksEnded = 0;
  private readonly startedName: number;
  private readonly endedName: number;
  private readonly countName: number[] = [];
  private readonly counts: number[] = [];
  /** Counters above 0: a program may use a type for each request, and a window looks only at its own. */
  private touched: number[] = [];
  private readonly regionTypes: LabelValues;
  private readonly logCategories: LabelValues;

  constructor(names: SeriesNames) {
    this.startedName = names.id("go_trace_tasks_started");
    this.endedName = names.id("go_trace_tasks_ended");
    const counter = (name: number): number => {
      this.countName.push(name);
      return this.counts.push(0) - 1;
    };
    this.regionTypes = new LabelValues((type) => counter(names.id("go_trace_regions", { type })));
    this.logCategories = new LabelValues((category) => counter(names.id("go_trace_logs", { category })));
  }

  generation(tables: GenerationTables): void {
    this.regionTypes.generation(tables);
    this.logCategories.generation(tables);
  }

  region(typeId: number): void {
    this.count(this.regionTypes.ofId(typeId));
  }

  log(categoryId: number): void {
    this.count(this.logCategories.ofId(categoryId));
  }

  close(row: Row): void {
    putAmount(row, this.startedName, this.tasksStarted);
    putAmount(row, this.endedName, this.tasksEnded);
    for (const counter of this.touched) {
      putAmount(row, this.countName[counter]!, this.counts[counter]!);
      this.counts[counter] = 0;
    }
    this.touched = [];
    this.tasksStarted = 0;
    this.tasksEnded = 0;
  }

  private count(counter: number): void {
    if (this.counts[counter] === 0) this.touched.push(counter);
    this.counts[counter] = this.counts[counter]! + 1;
  }
}
