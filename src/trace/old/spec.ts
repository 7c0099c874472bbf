/**
 * The wire events of Go 1.11–1.21: one table, with the format version that first had each. (Later ones: ../spec.ts.)
 * Argument names are those of the runtime; `stack` is the stack of the goroutine the event happens on and always comes last.
 */
import { malformed } from "../broken.ts";

/** Minor versions of the formats; 1.12–1.18 programs write 1.11, 1.20 programs 1.19. */
export const oldVersions: readonly number[] = [11, 19, 21];

type Row = readonly [id: number, name: string, since: number, args: string];

/** Records without a time delta are marked by a first argument that is not `dt`. */
const rows: readonly Row[] = [
  [1, "Batch", 5, "p ticks"],
  [2, "Frequency", 5, "freq"],
  [3, "Stack", 5, "id size"],
  [4, "Gomaxprocs", 5, "dt procs stack"],
  [5, "ProcStart", 5, "dt thread"],
  [6, "ProcStop", 5, "dt"],
  [7, "GCStart", 5, "dt seq stack"],
  [8, "GCDone", 5, "dt"],
  [9, "STWStart", 5, "dt kind"],
  [10, "STWDone", 5, "dt"],
  [11, "GCSweepStart", 5, "dt stack"],
  [12, "GCSweepDone", 5, "dt swept reclaimed"],
  [13, "GoCreate", 5, "dt g new_stack stack"],
  [14, "GoStart", 5, "dt g seq"],
  [15, "GoEnd", 5, "dt"],
  [16, "GoStop", 5, "dt stack"],
  [17, "GoSched", 5, "dt stack"],
  [18, "GoPreempt", 5, "dt stack"],
  [19, "GoSleep", 5, "dt stack"],
  [20, "GoBlock", 5, "dt stack"],
  [21, "GoUnblock", 5, "dt g seq stack"],
  [22, "GoBlockSend", 5, "dt stack"],
  [23, "GoBlockRecv", 5, "dt stack"],
  [24, "GoBlockSelect", 5, "dt stack"],
  [25, "GoBlockSync", 5, "dt stack"],
  [26, "GoBlockCond", 5, "dt stack"],
  [27, "GoBlockNet", 5, "dt stack"],
  [28, "GoSysCall", 5, "dt stack"],
  [29, "GoSysExit", 5, "dt g seq real_ticks"],
  [30, "GoSysBlock", 5, "dt"],
  [31, "GoWaiting", 5, "dt g"],
  [32, "GoInSyscall", 5, "dt g"],
  [33, "HeapAlloc", 5, "dt bytes"],
  [34, "HeapGoal", 5, "dt bytes"],
  [35, "TimerGoroutine", 5, "g"],
  [36, "FutileWakeup", 5, "dt"],
  [37, "String", 7, "id"],
  [38, "GoStartLocal", 7, "dt g"],
  [39, "GoUnblockLocal", 7, "dt g stack"],
  [40, "GoSysExitLocal", 7, "dt g real_ticks"],
  [41, "GoStartLabel", 8, "dt g seq label"],
  [42, "GoBlockGC", 8, "dt stack"],
  [43, "GCMarkAssistStart", 9, "dt stack"],
  [44, "GCMarkAssistDone", 9, "dt"],
  [45, "UserTaskCreate", 11, "dt task parent name stack"],
  [46, "UserTaskEnd", 11, "dt task stack"],
  [47, "UserRegion", 11, "dt task mode name stack"],
  [48, "UserLog", 11, "dt task key stack"],
  [49, "CPUSample", 19, "dt real_ticks p g stack"],
];

export const Old = {
  Batch: 1,
  Frequency: 2,
  Stack: 3,
  Gomaxprocs: 4,
  ProcStart: 5,
  ProcStop: 6,
  GCStart: 7,
  GCDone: 8,
  STWStart: 9,
  STWDone: 10,
  GCSweepStart: 11,
  GCSweepDone: 12,
  GoCreate: 13,
  GoStart: 14,
  GoEnd: 15,
  GoStop: 16,
  GoSched: 17,
  GoPreempt: 18,
  GoSleep: 19,
  GoBlock: 20,
  GoUnblock: 21,
  GoBlockSend: 22,
  GoBlockRecv: 23,
  GoBlockSelect: 24,
  GoBlockSync: 25,
  GoBlockCond: 26,
  GoBlockNet: 27,
  GoSysCall: 28,
  GoSysExit: 29,
  GoSysBlock: 30,
  GoWaiting: 31,
  GoInSyscall: 32,
  HeapAlloc: 33,
  HeapGoal: 34,
  TimerGoroutine: 35,
  FutileWakeup: 36,
  String: 37,
  GoStartLocal: 38,
  GoUnblockLocal: 39,
  GoSysExitLocal: 40,
  GoStartLabel: 41,
  GoBlockGC: 42,
  GCMarkAssistStart: 43,
  GCMarkAssistDone: 44,
  UserTaskCreate: 45,
  UserTaskEnd: 46,
  UserRegion: 47,
  UserLog: 48,
  CPUSample: 49,
} as const;

/** A record of the formats up to 1.21; `args` are those of the table. */
export type OldRecord = { readonly id: number; readonly name: string; readonly since: number; readonly args: readonly string[] };
export const oldRecords: readonly OldRecord[] = rows.map(([id, name, since, args]) => ({ id, name, since, args: args.split(" ") }));

const names = new Map(rows.map(([id, name]) => [id, name]));
export const oldName = (type: number): string => names.get(type) ?? `event ${type}`;

/** Ids have six bits. */
const ids = 64;

/** Arguments of a record, time delta and stack included, by id; -1 where the version does not know the id. */
export function argumentCounts(version: number): Int8Array {
  const counts = new Int8Array(ids).fill(-1);
  for (const [id, , since, args] of rows) if (since <= version) counts[id] = args.split(" ").length;
  return counts;
}

/** 1 for the events that have a place in the order of a processor; the others shape the file and its tables, or are ordered apart. */
export const isOrdered: Uint8Array = (() => {
  const ordered = new Uint8Array(ids);
  for (const [id, , , args] of rows) ordered[id] = args.startsWith("dt") && id !== Old.CPUSample ? 1 : 0;
  return ordered;
})();

/** 1 where the last argument is a stack. */
export const hasStack: Uint8Array = (() => {
  const stacks = new Uint8Array(ids);
  for (const [id, , , args] of rows) stacks[id] = args.endsWith(" stack") ? 1 : 0;
  return stacks;
})();

/** Events made only to be ordered cheaply, as what they are. */
export function plainType(type: number): number {
  if (type === Old.GoStartLocal) return Old.GoStart;
  if (type === Old.GoUnblockLocal) return Old.GoUnblock;
  return type === Old.GoSysExitLocal ? Old.GoSysExit : type;
}

/** Events of these numbers of processors happen elsewhere: wake-ups by timers and the network, ends of system calls, collections. */
export const FakeProc = { Timer: 1000001, Netpoll: 1000002, Syscall: 1000003, Gc: 1000004 } as const;

/** Limits of the format, held before anything is allocated. */
export const oldLimits = { eventBytes: 2048, stringBytes: 1e6, stackFrames: 1000 } as const;

/**
 * Limits of this reader, each far beyond what a file of the largest size holds that a program wrote: a file made to exhaust memory ends in an error.
 * (Strings and stacks each; tasks and regions that are open at one time.)
 */
export const oldMost = {
  processors: 0x7ffd,
  batches: 1 << 22,
  "CPU samples": 1 << 22,
  strings: 1 << 23,
  stacks: 1 << 23,
  "timer goroutines": 1 << 16,
  goroutines: 1 << 25,
  "open tasks": 1 << 22,
  "open regions": 1 << 22,
} as const;

/** @throws Break when there is no room for one more. */
export function needRoom(what: keyof typeof oldMost, count: number, place?: number): void {
  if (count < oldMost[what]) return;
  throw malformed(`more than ${oldMost[what].toLocaleString("en-US")} ${what}, the most this reader takes in formats up to 1.21`, place);
}

const stopKinds = [
  "",
  "GC mark termination",
  "GC sweep termination",
  "write heap dump",
  "goroutine profile",
  "goroutine profile cleanup",
  "all goroutine stack trace",
  "read mem stats",
  "AllThreadsSyscall",
  "GOMAXPROCS",
  "start trace",
  "stop trace",
  "CountPagesInUse (test)",
  "ReadMetricsSlow (test)",
  "ReadMemStatsSlow (test)",
  "PageCachePagesLeaked (test)",
  "ResetDebugLog (test)",
] as const;

/** Why the world was stopped, in the words of Go 1.22; before 1.21 there were two kinds only. An unknown kind is empty. */
export function stopKind(version: number, kind: number): string {
  if (version >= 21) return stopKinds[kind] ?? "";
  return kind <= 1 ? stopKinds[kind + 1]! : "";
}
