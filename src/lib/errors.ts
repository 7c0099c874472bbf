/**
 * The one error table. Bad input and failed services are `ForetraceError`s with a code from here;
 * the code decides HTTP status, exit status of the command, and whether a job tries again.
 * `tests/lib/errors.test.ts` holds docs/errors.md equal to this table, both ways.
 */
type ErrorEntry = { status: number; exit: 1 | 2 | 3; retryable: boolean; meaning: string };

const table = {
  not_a_trace: { status: 400, exit: 2, retryable: false, meaning: "The bytes are not a Go execution trace." },
  trace_version_unsupported: {
    status: 400,
    exit: 2,
    retryable: false,
    meaning: "A Go trace of a format version this reader does not read.",
  },
  trace_malformed: { status: 422, exit: 3, retryable: false, meaning: "A byte, field or table of the trace breaks the format." },
  trace_truncated: { status: 422, exit: 3, retryable: false, meaning: "The trace ends in the middle of a generation." },
  trace_inconsistent: {
    status: 422,
    exit: 3,
    retryable: false,
    meaning: "The events of the trace cannot be ordered, or contradict each other.",
  },
  trace_rule_broken: {
    status: 422,
    exit: 3,
    retryable: false,
    meaning: "The trace was read, but an event of it breaks a rule of the event model (analyze --paranoid).",
  },
  too_many_windows: {
    status: 422,
    exit: 2,
    retryable: false,
    meaning: "The window length gives more than 1,000,000 windows, or more before the second generation than can be held back (64 MB).",
  },
  empty_input: { status: 400, exit: 2, retryable: false, meaning: "The input holds no bytes." },
  bad_usage: { status: 400, exit: 2, retryable: false, meaning: "A command-line argument or request parameter is wrong." },
  bad_config: { status: 400, exit: 2, retryable: false, meaning: "The configuration file has an unknown key or a wrong value." },
  bad_json: { status: 400, exit: 2, retryable: false, meaning: "The body is not JSON, or not of the documented shape." },
  bad_metrics: { status: 400, exit: 2, retryable: false, meaning: "A line of a metrics file is not OpenMetrics or Prometheus text." },
  bad_query: {
    status: 400,
    exit: 2,
    retryable: false,
    meaning: "The PromQL expression is wrong, or uses something that is not supported yet.",
  },
  too_large: { status: 413, exit: 2, retryable: false, meaning: "The body or upload is larger than the stated limit." },
  not_found: { status: 404, exit: 2, retryable: false, meaning: "Nothing is stored under that id or name." },
  method_not_allowed: { status: 405, exit: 2, retryable: false, meaning: "The address exists, but not for this HTTP method." },
  forbidden: { status: 403, exit: 2, retryable: false, meaning: "The request comes from a foreign web page or under a foreign host name." },
  busy: { status: 429, exit: 1, retryable: true, meaning: "Too many of these requests run at once; try again shortly." },
  unauthorized: { status: 401, exit: 2, retryable: false, meaning: "The bearer token is missing or wrong." },
  conflict: { status: 409, exit: 2, retryable: false, meaning: "The thing is in a state that does not allow this." },
  data_dir_locked: { status: 503, exit: 2, retryable: true, meaning: "Another Foretrace process holds the data folder." },
  data_newer: { status: 503, exit: 2, retryable: false, meaning: "The data folder or database was written by a newer Foretrace." },
  source_unreachable: { status: 502, exit: 1, retryable: true, meaning: "A metric source did not answer." },
  source_rejected: { status: 502, exit: 1, retryable: false, meaning: "A metric source refused the query." },
  store_failed: { status: 503, exit: 1, retryable: true, meaning: "The store could not complete a read or write." },
  not_enough_data: { status: 422, exit: 2, retryable: false, meaning: "The series is too short or too sparse for what was asked." },
  model_incompatible: { status: 409, exit: 2, retryable: false, meaning: "A stored model does not fit this version or these series." },
  canceled: { status: 409, exit: 1, retryable: false, meaning: "The work was cancelled." },
  unavailable: { status: 503, exit: 1, retryable: true, meaning: "The service is starting or shutting down." },
  internal: { status: 500, exit: 1, retryable: false, meaning: "A defect of Foretrace itself." },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof table;
export const errorTable: Readonly<Record<ErrorCode, ErrorEntry>> = table;

/** Where in the input the fault lies, for people (message) and programs (fields). */
export type ErrorPlace = {
  /** File name, URL or field that was bad. */
  input?: string;
  /** Byte offset from the start of the (decompressed) input. */
  offset?: number;
  /** Trace generation, from the file. */
  generation?: number;
  /** Batch of that generation, from 1 in the order of the file; its thread (-1 = none) where it is known. */
  batch?: { readonly number: number; readonly thread?: number };
  /** 1-based line of a text input. */
  line?: number;
};

export class ForetraceError extends Error {
  readonly code: ErrorCode;
  readonly place: ErrorPlace;
  constructor(code: ErrorCode, message: string, options: ErrorPlace & { cause?: unknown } = {}) {
    const { cause, ...place } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ForetraceError";
    this.code = code;
    this.place = place;
  }
  get status(): number {
    return errorTable[this.code].status;
  }
  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }
}

export function isForetraceError(value: unknown): value is ForetraceError {
  return value instanceof ForetraceError;
}
