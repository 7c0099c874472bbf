/**
 * The tables of legal transitions, and who may cause them.
 * Source: ../shared format notes §3.3–3.5 (rules per event) and the states of golang.org/x/exp/trace.
 */
import { GoState, ProcState } from "../model.ts";

/** Of the context of a transition: must be there, must not, or either. */
export type Need = "some" | "none" | "any";
/** The goroutine of the context: the one that changes, none, one that runs or none, another or none. */
export type Actor = "self" | "none" | "runs" | "other" | "any";

export type GoTransition = {
  readonly from: GoState;
  readonly to: GoState;
  readonly thread: Need;
  readonly proc: Need;
  readonly actor: Actor;
};

const { Undetermined, NotExist, Runnable, Running, Waiting, Syscall } = GoState;
type Row = readonly [from: GoState, to: readonly GoState[], thread: Need, proc: Need, actor: Actor];

const rows: readonly Row[] = [
  // Told, at the beginning of a generation or of the trace.
  [Undetermined, [Runnable, Running, Waiting, Syscall], "any", "any", "any"],
  // By a status that tells none: rule state-told.
  [Undetermined, [Undetermined], "any", "any", "any"],
  [Runnable, [Runnable], "any", "any", "any"],
  [Running, [Running], "any", "any", "any"],
  [Waiting, [Waiting], "any", "any", "any"],
  [Syscall, [Syscall], "any", "any", "any"],
  // Created: by a goroutine or by the runtime on a processor, or by a thread of C code that enters Go.
  [NotExist, [Runnable, Waiting], "some", "some", "runs"],
  [NotExist, [Syscall], "some", "any", "none"],
  // Scheduled, by its own doing but for the start and the wake-up.
  [Runnable, [Running], "some", "some", "none"],
  [Running, [Runnable, Waiting, NotExist, Syscall], "some", "some", "self"],
  [Waiting, [Runnable], "any", "any", "other"],
  [Syscall, [Running], "some", "some", "self"],
  [Syscall, [Runnable, NotExist], "some", "any", "self"],
];

/** Up to Go 1.21, threads are often not known, and a goroutine that starts is its own context. */
const oldRows: readonly Row[] = [
  [Undetermined, [Runnable], "none", "none", "none"],
  [Undetermined, [Running, Waiting, Syscall], "any", "any", "self"],
  [NotExist, [Runnable], "any", "some", "runs"],
  [Runnable, [Running], "any", "some", "self"],
  [Running, [Runnable, Waiting, NotExist, Syscall], "any", "some", "self"],
  [Waiting, [Runnable], "any", "any", "other"],
  [Syscall, [Running], "any", "some", "self"],
  [Syscall, [Runnable], "none", "some", "self"],
];

const states = 6;
const byStates = (table: readonly Row[]): readonly (GoTransition | undefined)[] => {
  const found: (GoTransition | undefined)[] = Array.from({ length: states * states }, () => undefined);
  for (const [from, targets, thread, proc, actor] of table)
    for (const to of targets) found[from * states + to] = { from, to, thread, proc, actor };
  return found;
};
const newTable = byStates(rows);
const oldTable = byStates(oldRows);

/** The row for a goroutine's transition; undefined = not legal. */
export const goTransition = (isOld: boolean, from: number, to: number): GoTransition | undefined =>
  (isOld ? oldTable : newTable)[from * states + to];

/** A processor in a system call counts as running; one whose thread has left Go as idle, until it is stolen. */
const procRows: readonly (readonly [from: ProcState, to: ProcState])[] = [
  // By a status that tells none: rule state-told.
  [ProcState.Undetermined, ProcState.Undetermined],
  [ProcState.NotExist, ProcState.Undetermined],
  [ProcState.Undetermined, ProcState.Running],
  [ProcState.Undetermined, ProcState.Idle],
  [ProcState.NotExist, ProcState.Running],
  [ProcState.NotExist, ProcState.Idle],
  [ProcState.Running, ProcState.Running],
  [ProcState.Idle, ProcState.Idle],
  [ProcState.Idle, ProcState.Running],
  [ProcState.Running, ProcState.Idle],
];
/** Up to Go 1.21 only the first event of a processor comes from another state, and nothing is told twice. */
const oldProcRows = procRows.filter(([from, to]) => from !== ProcState.NotExist && from !== to);

export const isProcTransition = (isOld: boolean, from: number, to: number): boolean =>
  (isOld ? oldProcRows : procRows).some((row) => row[0] === from && row[1] === to);
