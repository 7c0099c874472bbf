/** Field numbers and enums of Perfetto's trace format (perfetto.dev/docs/reference/trace-packet-proto), as far as they are written here. */

export const Trace = { packet: 1 } as const;

export const Packet = {
  clockSnapshot: 6,
  timestamp: 8,
  sequenceId: 10,
  trackEvent: 11,
  internedData: 12,
  sequenceFlags: 13,
  timestampClockId: 58,
  defaults: 59,
  trackDescriptor: 60,
  perfSample: 66,
  firstOnSequence: 87,
} as const;

export const SequenceFlags = { incrementalStateCleared: 1, needsIncrementalState: 2 } as const;

export const Defaults = { timestampClockId: 58 } as const;

export const Clocks = { clock: 1, primary: 2 } as const;
export const Clock = { id: 1, timestamp: 2, isIncremental: 3 } as const;
/** 64 to 127 are a sequence's own. */
export const ClockId = { realtime: 1, monotonic: 3, boottime: 6, incremental: 64 } as const;

export const Interned = {
  categories: 1,
  eventNames: 2,
  annotationNames: 3,
  functionNames: 5,
  frames: 6,
  callstacks: 7,
  mappingPaths: 17,
  sourcePaths: 18,
  mappings: 19,
} as const;
/** Of every kind of interned string: number and text. */
export const InternedText = { iid: 1, text: 2 } as const;
export const Callstack = { iid: 1, frames: 2 } as const;
export const StackFrame = { iid: 1, functionName: 2, mapping: 3, relativePc: 4, sourcePath: 5, line: 6 } as const;
export const Mapping = { iid: 1, paths: 7 } as const;

export const TrackEvent = {
  categories: 3,
  annotations: 4,
  type: 9,
  nameIid: 10,
  track: 11,
  name: 23,
  counterValue: 30,
  flows: 47,
  endingFlows: 48,
  callstack: 56,
} as const;
export const EventType = { begin: 1, end: 2, instant: 3, counter: 4 } as const;
export const Annotation = { nameIid: 1, uint: 3, int: 4, text: 6 } as const;

export const Track = { uuid: 1, name: 2, process: 3, thread: 4, parent: 5, counter: 8, childOrdering: 11, rank: 12 } as const;
export const ChildOrdering = { lexicographic: 1, chronological: 2, explicit: 3 } as const;
export const Process = { pid: 1, name: 6 } as const;
export const Thread = { pid: 1, tid: 2, name: 5 } as const;
export const Counter = { unit: 3, unitName: 6 } as const;
export const Unit = { count: 2, bytes: 3 } as const;

export const Sample = { cpu: 1, pid: 2, tid: 3, callstack: 4, cpuMode: 5 } as const;
export const CpuMode = { user: 2 } as const;
