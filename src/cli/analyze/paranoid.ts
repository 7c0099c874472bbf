/** `analyze --paranoid`: every event is checked on its way to the answer; the answer is given whole all the same. */
import { ForetraceError } from "../../lib/errors.ts";
import type { TraceOutcome, TraceVisitor } from "../../trace/model.ts";
import { createValidator } from "../../trace/validator.ts";

/** @returns the visitor to read with, and what makes the outcome say what was found. */
export function paranoid(next: TraceVisitor): { visitor: TraceVisitor; judge(outcome: TraceOutcome): TraceOutcome } {
  let first: ForetraceError | undefined;
  let count = 0;
  const validator = createValidator({
    next,
    onViolation(error) {
      first ??= error;
      count++;
    },
  });
  return {
    visitor: validator,
    judge(outcome) {
      validator.finish(outcome);
      if (first === undefined || outcome.error !== undefined) return outcome;
      const more = count === 1 ? "" : ` (and ${count - 1} more after it)`;
      return { ...outcome, error: new ForetraceError(first.code, first.message + more) };
    },
  };
}
