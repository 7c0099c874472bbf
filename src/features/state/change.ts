/** One change of a goroutine's state, as the families of series see it: the columns of the table still show what was before. */
import type { GoState } from "../../trace/model.ts";

export class Change {
  /** Of the goroutine that changes. */
  slot = -1;
  scope = 0;
  from: GoState = 0;
  to: GoState = 0;
  /** A time: NaN first, so that the engine does not take it for a small integer. */
  time = Number.NaN;
  /** Length of the stay that ends, nanoseconds; from the trace's first event on when it began before. */
  nanos = Number.NaN;
  /** Whether a transition, not a status, began that stay. */
  seen = false;
  /** Context of the event; -1 = none. */
  thread = -1;
  proc = -1;
  /** Slot of the goroutine that ran when the event came: who created, woke. -1 = none. */
  by = -1;
  /** Stack of the event, and of the goroutine that changes; ids of the generation's table. */
  stack = 0;
  ownStack = 0;
  /** Number of the reason's text, and its string id in the generation's table. */
  reason = 0;
  reasonId = 0;
}
