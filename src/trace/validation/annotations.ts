/** Tasks, regions, logs, labels, metrics and events of experiments. */
import { Metric, Scope } from "../model.ts";
import { found, type CurrentEvent, type Report } from "./event.ts";

type Task = { readonly type: string; readonly parent: number };
type Region = { readonly task: number; readonly type: string };

export class Annotations {
  readonly #event: CurrentEvent;
  readonly #report: Report;
  readonly #isOld: boolean;
  readonly #tasks = new Map<number, Task>();
  readonly #regions = new Map<number, Region[]>();

  constructor(event: CurrentEvent, report: Report, isOld: boolean) {
    this.#event = event;
    this.#report = report;
    this.#isOld = isOld;
  }

  metric(): void {
    const { a: metric, b: value, thread, proc, goroutine } = this.#event;
    const needsGoroutine = metric === Metric.GoMaxProcs;
    if (!this.#isOld && (thread === -1 || proc === -1 || (needsGoroutine && goroutine === -1)))
      this.#report("metric-context", `expected a thread with a processor${needsGoroutine ? " and a goroutine" : ""}`);
    if (metric === Metric.GoMaxProcs && value < 1) this.#report("metric-value", `expected GOMAXPROCS of at least 1, found ${value}`);
  }

  label(text: string): void {
    const { b: scope, c: id, goroutine } = this.#event;
    if (scope !== Scope.Goroutine || id !== goroutine || goroutine === -1)
      this.#report("label", `expected the label of goroutine ${found(goroutine)}, found scope ${scope} and ${found(id)}`);
    if (text === "") this.#report("label-text", "expected a label");
  }

  taskBegin(type: string): void {
    const { a: id, b: parent } = this.#event;
    this.context();
    if (this.#tasks.has(id)) this.#report("task-begin", `task ${id} has begun already`);
    if (parent === 0) this.#report("task-begin", "the background task is no parent");
    if (id === 0 || id === -1) this.#report("task-number", `task ${id} never begins`);
    this.#tasks.set(id, { type, parent });
  }

  taskEnd(type: string): void {
    const { a: id, b: parent } = this.#event;
    this.context();
    const task = this.#tasks.get(id) ?? { type: "", parent: -1 };
    this.#tasks.delete(id);
    const sameParent = parent === task.parent || (this.#isOld && parent === 0 && task.parent === -1);
    if (type !== task.type || !sameParent)
      this.#report("task-end", `expected type ${JSON.stringify(task.type)} and parent ${found(task.parent)}, found ${JSON.stringify(type)} and ${found(parent)}`); // prettier-ignore
  }

  regionBegin(type: string): void {
    this.context();
    const { a: task, goroutine } = this.#event;
    const open = this.#regions.get(goroutine);
    if (open === undefined) this.#regions.set(goroutine, [{ task, type }]);
    else open.push({ task, type });
  }

  regionEnd(type: string): void {
    this.context();
    const { a: task, goroutine } = this.#event;
    const inner = this.#regions.get(goroutine)?.pop();
    if (inner !== undefined && (inner.task !== task || inner.type !== type))
      this.#report("region-nesting", `expected the end of ${JSON.stringify(inner.type)} of task ${inner.task}, found ${JSON.stringify(type)} of ${task}`); // prettier-ignore
  }

  /** Of tasks, regions and logs. */
  context(): void {
    const { thread, proc, goroutine } = this.#event;
    if (!this.#isOld && (thread === -1 || proc === -1 || goroutine === -1))
      this.#report("annotation-context", "expected a goroutine on a processor and a thread");
  }

  experiment(): void {
    if (this.#event.thread === -1) this.#report("experiment-thread", "expected a thread");
  }

  /** A goroutine ends; its regions do so unsaid. */
  end(goroutine: number): void {
    this.#regions.delete(goroutine);
  }
}
