/** Rule `fields`: what a kind has, and nothing else. */
import { EventKind, goStateNames, Metric, procStateNames, RangeName, rangeNames, Scope, scopeNames } from "../model.ts";
import type { CurrentEvent, Report } from "./event.ts";

/** Arguments of events of the experiment AllocFree, by wire id from 128 on. */
const experimentArguments = [3, 3, 1, 2, 2, 1, 2, 2, 1];
const firstExperiment = 128;

/** Arguments that each kind uses at most; the rest is 0. */
const used: Readonly<Record<EventKind, number>> = {
  [EventKind.Sync]: 1,
  [EventKind.GoTransition]: 5,
  [EventKind.ProcTransition]: 3,
  [EventKind.Metric]: 2,
  [EventKind.Label]: 3,
  [EventKind.RangeBegin]: 4,
  [EventKind.RangeActive]: 4,
  [EventKind.RangeEnd]: 6,
  [EventKind.TaskBegin]: 3,
  [EventKind.TaskEnd]: 3,
  [EventKind.RegionBegin]: 2,
  [EventKind.RegionEnd]: 2,
  [EventKind.Log]: 3,
  [EventKind.StackSample]: 0,
  [EventKind.Experimental]: 4,
};

/** False where the event cannot be looked at any further. */
export function checkFields(event: CurrentEvent, report: Report): boolean {
  const count = used[event.kind];
  if (count === undefined) {
    report("fields", `there is no kind ${event.kind as number}`);
    return false;
  }
  const { thread, proc, goroutine, stack, a, b, c, d, e, f } = event;
  if (!isId(thread) || !isId(proc) || !isId(goroutine) || !isAmount(stack)) report("fields", "context and stack are whole numbers");
  if (!isId(a) || !isId(b) || !isId(c) || !isId(d) || !isAmount(e) || !isAmount(f)) report("fields", "arguments are whole numbers");
  const fits =
    (count > 5 || f === 0) &&
    (count > 4 || e === 0) &&
    (count > 3 || d === 0) &&
    (count > 2 || c === 0) &&
    (count > 1 || b === 0) &&
    (count > 0 || a === 0);
  if (!fits) report("fields", "arguments that the kind does not have are 0");
  return isOfModel(event, report);
}

/** -1 = none. */
const isId = (value: number): boolean => value >= -1 && Number.isInteger(value);
const isAmount = (value: number): boolean => value >= 0 && Number.isInteger(value);

function isOfModel({ kind, a, b, c, d, e, f }: CurrentEvent, report: Report): boolean {
  const refuse = (expected: string): false => {
    report("fields", expected);
    return false;
  };
  switch (kind) {
    case EventKind.GoTransition:
      return (goStateNames[b] !== undefined && goStateNames[c] !== undefined) || refuse(`there is no state ${b} or ${c} of a goroutine`);
    case EventKind.ProcTransition:
      return (
        (procStateNames[b] !== undefined && procStateNames[c] !== undefined) || refuse(`there is no state ${b} or ${c} of a processor`)
      );
    case EventKind.Metric:
      return (a >= Metric.GoMaxProcs && a <= Metric.HeapGoal) || refuse(`there is no metric ${a}`);
    case EventKind.Label:
      return (scopeNames[b] !== undefined && b !== Scope.Global) || refuse(`there is no label of scope ${b}`);
    case EventKind.RangeBegin:
    case EventKind.RangeActive:
    case EventKind.RangeEnd:
      if (rangeNames[a] === undefined || scopeNames[c] === undefined) return refuse(`there is no range ${a} of scope ${c}`);
      if (a !== RangeName.StopTheWorld && b !== 0) report("fields", "only a stop of the world has a kind");
      if (a !== RangeName.GcSweep && (e !== 0 || f !== 0)) report("fields", "only a sweep has bytes");
      return true;
    case EventKind.Experimental:
      return checkExperiment(a, c, d, report) || refuse(`there is no event ${a} of an experiment`);
    default:
      return true;
  }
}

function checkExperiment(type: number, second: number, third: number, report: Report): boolean {
  const count = experimentArguments[type - firstExperiment];
  if (count === undefined) return false;
  if ((count < 2 && second !== 0) || (count < 3 && third !== 0)) report("fields", "arguments that the event does not have are 0");
  return true;
}
