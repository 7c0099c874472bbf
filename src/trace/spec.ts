/**
 * The wire events of Go 1.22 and later: one table for the reader, the text form and the documentation.
 * Argument names are those of the text form.
 */

/** `event` lies in an event batch and has a time delta; the others shape the container and its tables. */
export type WireEvent = {
  readonly id: number;
  readonly name: string;
  /** In wire order; timed events begin with `dt`. */
  readonly args: readonly string[];
  /** Minor version of the format that first had it. */
  readonly since: number;
  /** False for container and table records, which stand outside the ordering of threads. */
  readonly timed: boolean;
  /** Experiment that writes it, if any. */
  readonly experiment: string | undefined;
};

type Row = readonly [id: number, name: string, since: number, args: string];

const rows: readonly Row[] = [
  [1, "EventBatch", 22, "gen m time size"],
  [2, "Stacks", 22, ""],
  [3, "Stack", 22, "id nframes"],
  [4, "Strings", 22, ""],
  [5, "String", 22, "id"],
  [6, "CPUSamples", 22, ""],
  [7, "CPUSample", 22, "time m p g stack"],
  [8, "Frequency", 22, "freq"],
  [9, "ProcsChange", 22, "dt procs_value stack"],
  [10, "ProcStart", 22, "dt p p_seq"],
  [11, "ProcStop", 22, "dt"],
  [12, "ProcSteal", 22, "dt p p_seq m"],
  [13, "ProcStatus", 22, "dt p pstatus"],
  [14, "GoCreate", 22, "dt new_g new_stack stack"],
  [15, "GoCreateSyscall", 22, "dt new_g"],
  [16, "GoStart", 22, "dt g g_seq"],
  [17, "GoDestroy", 22, "dt"],
  [18, "GoDestroySyscall", 22, "dt"],
  [19, "GoStop", 22, "dt reason_string stack"],
  [20, "GoBlock", 22, "dt reason_string stack"],
  [21, "GoUnblock", 22, "dt g g_seq stack"],
  [22, "GoSyscallBegin", 22, "dt p_seq stack"],
  [23, "GoSyscallEnd", 22, "dt"],
  [24, "GoSyscallEndBlocked", 22, "dt"],
  [25, "GoStatus", 22, "dt g m gstatus"],
  [26, "STWBegin", 22, "dt kind_string stack"],
  [27, "STWEnd", 22, "dt"],
  [28, "GCActive", 22, "dt gc_seq"],
  [29, "GCBegin", 22, "dt gc_seq stack"],
  [30, "GCEnd", 22, "dt gc_seq"],
  [31, "GCSweepActive", 22, "dt p"],
  [32, "GCSweepBegin", 22, "dt stack"],
  [33, "GCSweepEnd", 22, "dt swept_value reclaimed_value"],
  [34, "GCMarkAssistActive", 22, "dt g"],
  [35, "GCMarkAssistBegin", 22, "dt stack"],
  [36, "GCMarkAssistEnd", 22, "dt"],
  [37, "HeapAlloc", 22, "dt heapalloc_value"],
  [38, "HeapGoal", 22, "dt heapgoal_value"],
  [39, "GoLabel", 22, "dt label_string"],
  [40, "UserTaskBegin", 22, "dt task parent_task name_string stack"],
  [41, "UserTaskEnd", 22, "dt task stack"],
  [42, "UserRegionBegin", 22, "dt task name_string stack"],
  [43, "UserRegionEnd", 22, "dt task name_string stack"],
  [44, "UserLog", 22, "dt task key_string value_string stack"],
  [45, "GoSwitch", 23, "dt g g_seq"],
  [46, "GoSwitchDestroy", 23, "dt g g_seq"],
  [47, "GoCreateBlocked", 23, "dt new_g new_stack stack"],
  [48, "GoStatusStack", 23, "dt g m gstatus stack"],
  [49, "ExperimentalBatch", 23, "exp gen m time"],
  [50, "Sync", 25, ""],
  [51, "ClockSnapshot", 25, "dt mono sec nsec"],
  [52, "EndOfGeneration", 26, ""],
  [128, "Span", 23, "dt id npages_value kindclass"],
  [129, "SpanAlloc", 23, "dt id npages_value kindclass"],
  [130, "SpanFree", 23, "dt id"],
  [131, "HeapObject", 23, "dt id type"],
  [132, "HeapObjectAlloc", 23, "dt id type"],
  [133, "HeapObjectFree", 23, "dt id"],
  [134, "GoroutineStack", 23, "dt id order"],
  [135, "GoroutineStackAlloc", 23, "dt id order"],
  [136, "GoroutineStackFree", 23, "dt id"],
];

/** Wire ids by name, for code that handles one event. */
export const Wire = {
  EventBatch: 1,
  Stacks: 2,
  Stack: 3,
  Strings: 4,
  String: 5,
  CPUSamples: 6,
  CPUSample: 7,
  Frequency: 8,
  ProcsChange: 9,
  ProcStart: 10,
  ProcStop: 11,
  ProcSteal: 12,
  ProcStatus: 13,
  GoCreate: 14,
  GoCreateSyscall: 15,
  GoStart: 16,
  GoDestroy: 17,
  GoDestroySyscall: 18,
  GoStop: 19,
  GoBlock: 20,
  GoUnblock: 21,
  GoSyscallBegin: 22,
  GoSyscallEnd: 23,
  GoSyscallEndBlocked: 24,
  GoStatus: 25,
  STWBegin: 26,
  STWEnd: 27,
  GCActive: 28,
  GCBegin: 29,
  GCEnd: 30,
  GCSweepActive: 31,
  GCSweepBegin: 32,
  GCSweepEnd: 33,
  GCMarkAssistActive: 34,
  GCMarkAssistBegin: 35,
  GCMarkAssistEnd: 36,
  HeapAlloc: 37,
  HeapGoal: 38,
  GoLabel: 39,
  UserTaskBegin: 40,
  UserTaskEnd: 41,
  UserRegionBegin: 42,
  UserRegionEnd: 43,
  UserLog: 44,
  GoSwitch: 45,
  GoSwitchDestroy: 46,
  GoCreateBlocked: 47,
  GoStatusStack: 48,
  ExperimentalBatch: 49,
  Sync: 50,
  ClockSnapshot: 51,
  EndOfGeneration: 52,
  FirstExperimental: 128,
} as const;

/** Name of an experiment by its number in the file. */
export const experimentNames: ReadonlyMap<number, string> = new Map([[1, "AllocFree"]]);

export const wireEvents: readonly WireEvent[] = rows.map(([id, name, since, text]) => {
  const args = text === "" ? [] : text.split(" ");
  return { id, name, since, args, timed: args[0] === "dt", experiment: id >= Wire.FirstExperimental ? "AllocFree" : undefined };
});

const byId = new Map(wireEvents.map((event) => [event.id, event]));
const byName = new Map(wireEvents.map((event) => [event.name, event]));

export const wireEvent = (id: number): WireEvent | undefined => byId.get(id);
export const wireEventNamed = (name: string): WireEvent | undefined => byName.get(name);
export const wireName = (id: number): string => byId.get(id)?.name ?? `event ${id}`;

/** Arguments after the time delta by wire id; -1 where the id is no timed event. */
export const argumentCounts: Int8Array = (() => {
  const counts = new Int8Array(256).fill(-1);
  for (const event of wireEvents) if (event.timed) counts[event.id] = event.args.length - 1;
  return counts;
})();

/** One past the largest id the format knows; larger ones are an invalid event type, unused smaller ones an event without time. */
export const wireIdLimit = 137;

/** Limits of the format, held before anything is allocated. */
export const limits = { batchBytes: 65536, stringBytes: 1024, stackFrames: 128 } as const;

/** Minor versions that share this container. 1.24 programs write 1.23, 1.27 programs most probably 1.26. */
export const generationVersions: readonly number[] = [22, 23, 25, 26];
