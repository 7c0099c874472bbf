/** The event at hand, as fields: one object for a whole reading, so that nothing is allocated for an event. */
import { EventKind } from "../model.ts";
import type { RuleName } from "./rules.ts";

export class CurrentEvent {
  /** Counted from 1. */
  number = 0;
  kind: EventKind = EventKind.Sync;
  time = -1;
  thread = -1;
  proc = -1;
  goroutine = -1;
  stack = 0;
  a = 0;
  b = 0;
  c = 0;
  d = 0;
  e = 0;
  f = 0;
}

/** A rule is broken. @param expected what would have been right, and what was there. */
export type Report = (rule: RuleName, expected: string) => void;

export const found = (id: number): string => (id === -1 ? "none" : String(id));
