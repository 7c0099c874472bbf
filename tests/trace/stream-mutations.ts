/** One change to a good stream of events, by kind: what a reader with a defect might deliver. Same seed, same change. */
import { createRandom, type Random } from "../../src/lib/random.ts";
import { EventKind, GoState, ProcState, RangeName } from "../../src/trace/model.ts";
import type { Fields, Step } from "./streams.ts";

type Place = { readonly steps: Step[]; readonly at: number; readonly event: Fields; readonly random: Random };
type Mutation = { readonly of: (event: Fields) => boolean; readonly change: (place: Place) => void };

const [THREAD, PROC, GOROUTINE, STACK, A, B, C, D, E] = [2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
const absent = 987_654;

const isGo = ([kind]: Fields): boolean => kind === EventKind.GoTransition;
const isProc = ([kind]: Fields): boolean => kind === EventKind.ProcTransition;
const isRange = ([kind]: Fields): boolean => kind >= EventKind.RangeBegin && kind <= EventKind.RangeEnd;
const isStatus = (event: Fields): boolean => isGo(event) && (event[B] === event[C] || event[B] === GoState.Undetermined);
const hasContext = ([kind, , thread]: Fields): boolean => kind !== EventKind.StackSample && thread >= 0;

const drop = ({ steps, at }: Place): void => void steps.splice(at, 1);
const twice = ({ steps, at, event }: Place): void => {
  const copy: Fields = [...event];
  copy[1]++;
  steps.splice(at + 1, 0, { event: copy });
};
/** Another value of 0..count-1 in a field. */
const other =
  (field: number, count: number) =>
  ({ event, random }: Place): void =>
    void (event[field] = (event[field]! + 1 + random.below(count - 1)) % count);
const set =
  (field: number, value: number) =>
  ({ event }: Place): void =>
    void (event[field] = value);
const add =
  (field: number, by: number) =>
  ({ event }: Place): void =>
    void (event[field] = event[field]! + by);
const swap =
  (isSameThread: boolean) =>
  ({ steps, at, event }: Place): void => {
    for (let next = at + 1; next < Math.min(steps.length, at + 400); next++) {
      const step = steps[next]!;
      if ("tables" in step) return;
      if (!("event" in step) || (step.event[THREAD] === event[THREAD]) !== isSameThread || !isGo(step.event)) continue;
      // As another order would have it: the later one comes directly before.
      steps.splice(next, 1);
      const moved: Fields = [...step.event];
      moved[1] = event[1] - 1;
      steps.splice(at, 0, { event: moved });
      return;
    }
  };

export const mutations: Readonly<Record<string, Mutation>> = {
  "a goroutine's transition is dropped": { of: isGo, change: drop },
  "a goroutine's status is dropped": { of: isStatus, change: drop },
  "a processor's transition is dropped": { of: isProc, change: drop },
  "a range's begin or end is dropped": { of: isRange, change: drop },
  "a Sync is dropped": { of: ([kind, time]) => kind === EventKind.Sync && time > 0, change: drop },
  "a goroutine's transition comes twice": { of: isGo, change: twice },
  "a processor's transition comes twice": { of: isProc, change: twice },
  "a range's begin or end comes twice": { of: isRange, change: twice },
  "a Sync comes twice": { of: ([kind]) => kind === EventKind.Sync, change: twice },
  "a later transition of the thread comes first": { of: isGo, change: swap(true) },
  "a goroutine comes from another state": { of: isGo, change: other(B, 6) },
  "a goroutine goes to another state": { of: isGo, change: other(C, 6) },
  "a transition is another goroutine's": { of: isGo, change: add(A, 100_003) },
  "a processor comes from another state": { of: isProc, change: other(B, 4) },
  "a processor goes to another state": { of: isProc, change: other(C, 4) },
  "a transition is another processor's": { of: isProc, change: add(A, 1) },
  "an event is on another thread": { of: hasContext, change: add(THREAD, 1) },
  "an event is on no thread": { of: hasContext, change: set(THREAD, -1) },
  "an event is on another processor": { of: hasContext, change: add(PROC, 1) },
  "an event is on another goroutine": { of: (event) => hasContext(event) && event[GOROUTINE] >= 0, change: add(GOROUTINE, 7) },
  "an event loses its goroutine": { of: (event) => hasContext(event) && event[GOROUTINE] >= 0, change: set(GOROUTINE, -1) },
  "an event's stack is not there": { of: ([kind]) => kind !== EventKind.Sync, change: set(STACK, absent) },
  "a stack is another goroutine's": { of: (event) => isGo(event) && event[E] !== 0 && event[B] === GoState.Running, change: add(E, 1) },
  "a reason is not there": { of: (event) => isGo(event) && event[D] !== 0, change: set(D, absent) },
  "a reason where there is none": { of: (event) => isGo(event) && event[B] !== GoState.Running, change: set(D, 1) },
  "a range is another one": { of: isRange, change: other(A, 4) },
  "a range is of another scope": { of: isRange, change: other(C, 4) },
  "a range is another goroutine's or processor's": { of: (event) => isRange(event) && event[A] !== RangeName.GcMark, change: add(D, 1) },
  "a time stands still": { of: ([, time]) => time > 0, change: ({ steps, at, event }) => void (event[1] = timeBefore(steps, at)) },
  "a Sync has another number": { of: ([kind]) => kind === EventKind.Sync, change: add(A, 1) },
  "an argument that is not the kind's": { of: (event) => event[0] === EventKind.ProcTransition, change: set(D, 1) },
  "a kind that is none": { of: () => true, change: set(0, 15) },
  "a system call keeps its processor": {
    of: (event) => isGo(event) && event[B] === GoState.Syscall && event[C] === GoState.Running,
    change: set(C, GoState.Runnable),
  },
  "a processor stops that another thread has": {
    of: (event) => isProc(event) && event[B] === ProcState.Running && event[C] === ProcState.Idle,
    change: ({ steps, at, event }) => {
      const elsewhere = steps.slice(0, at).findLast((step) => "event" in step && isGo(step.event) && step.event[THREAD] !== event[THREAD] && step.event[C] === GoState.Running); // prettier-ignore
      if (elsewhere !== undefined && "event" in elsewhere) event[A] = elsewhere.event[PROC];
    },
  },
};

const timeBefore = (steps: readonly Step[], at: number): number => {
  const before = steps.slice(0, at).findLast((step) => "event" in step);
  return before !== undefined && "event" in before ? before.event[1] : 0;
};

/** A copy with one change of the kind, at a place that the seed says; undefined where the stream has none or the change leaves it as it was. */
export function mutated(steps: readonly Step[], { of, change }: Mutation, seed: number): Step[] | undefined {
  const random = createRandom(seed);
  const places: number[] = [];
  steps.forEach((step, at) => {
    if ("event" in step && of(step.event)) places.push(at);
  });
  if (places.length === 0) return undefined;
  const at = places[random.below(places.length)]!;
  const event: Fields = [...(steps[at] as { event: Fields }).event];
  const out = [...steps];
  out[at] = { event };
  change({ steps: out, at, event, random });
  return JSON.stringify(out.slice(at - 1, at + 3).map(fieldsOf)) === JSON.stringify(steps.slice(at - 1, at + 3).map(fieldsOf))
    ? undefined
    : out;
}

const fieldsOf = (step: Step): unknown => ("event" in step ? step.event : 0);
