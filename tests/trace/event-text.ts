/** Event objects in the form of event-list.ts, so that they can be held against the same golden lists. */
import { EventKind, goStateNames, procStateNames, scopeNames, type Frame, type Scope, type TraceEvent } from "../../src/trace/index.ts";
import { eventKindNames } from "../../src/trace/model.ts";
import { stackText } from "./event-list.ts";

export function eventText(event: TraceEvent, origin: bigint): string {
  const { time, thread, proc, goroutine, stack } = event;
  const name = eventKindNames[event.kind]!;
  const kind = name.endsWith("Transition") ? "StateTransition" : name;
  return `${origin + BigInt(time)}\t${kind}\t${thread}\t${proc}\t${goroutine}\t${textOf(stack)}\t${detailText(event)}`.trimEnd();
}

const texts = new WeakMap<readonly Frame[], string>();
function textOf(stack: readonly Frame[]): string {
  let text = texts.get(stack);
  if (text === undefined) texts.set(stack, (text = stackText(stack)));
  return text;
}

const scopeText = ({ scope, scopeId }: { scope: Scope; scopeId: number }): string =>
  scope === 0 ? "None" : `${scopeNames[scope]}(${scopeId})`;

function detailText(event: TraceEvent): string {
  switch (event.kind) {
    case EventKind.Sync:
      return [event.ordinal, ...(event.clock === undefined ? [] : [event.clock.trace, event.clock.mono, event.clock.wall])].join("\t");
    case EventKind.GoTransition:
      return `G\t${event.target}\t${goStateNames[event.from]}\t${goStateNames[event.to]}\t${JSON.stringify(event.reason)}\t${textOf(event.targetStack)}`;
    case EventKind.ProcTransition:
      return `P\t${event.target}\t${procStateNames[event.from]}\t${procStateNames[event.to]}`;
    case EventKind.Metric:
      return `${event.name}\t${BigInt(event.value)}`;
    case EventKind.Label:
      return `${JSON.stringify(event.label)}\t${scopeText(event)}`;
    case EventKind.RangeEnd: {
      const sweep = event.name === "GC incremental sweep" ? `\tbytes swept=${event.swept}\tbytes reclaimed=${event.reclaimed}` : "";
      return `${event.name}\t${scopeText(event)}${sweep}`;
    }
    case EventKind.RangeBegin:
    case EventKind.RangeActive:
      return `${event.name}\t${scopeText(event)}`;
    case EventKind.TaskBegin:
    case EventKind.TaskEnd:
      return `${event.task}\t${event.parent}\t${JSON.stringify(event.type)}`;
    case EventKind.RegionBegin:
    case EventKind.RegionEnd:
      return `${event.task}\t${JSON.stringify(event.type)}`;
    case EventKind.Log:
      return `${event.task}\t${JSON.stringify(event.category)}\t${JSON.stringify(event.message)}`;
    case EventKind.StackSample:
      return "";
    case EventKind.Experimental: {
      const args = Object.entries(event.args).map(([name, value]) => `\t${name}=${value}`);
      return `${event.experiment}\t${event.name}${args.join("")}`;
    }
  }
}
