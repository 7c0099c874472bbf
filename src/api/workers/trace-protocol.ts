/** What the API asks its decoding threads, and what they answer: chunks one at a time, each asked for by "next", then done or an error. */
import type { ErrorCode, ErrorPlace } from "../../lib/errors.ts";

/** Times are trace nanoseconds since the first event; `to` may be Infinity. */
export type TraceTask =
  | { readonly kind: "slice"; readonly path: string; readonly from: number; readonly to: number }
  | { readonly kind: "timeline"; readonly path: string; readonly from: number; readonly to: number; readonly width: number };

export type TraceAnswer =
  | { readonly chunk: Uint8Array }
  | { readonly done: true }
  | { readonly error: { readonly code: ErrorCode; readonly message: string; readonly place: ErrorPlace } };
