/** docs/errors.md and the error table are equal, both ways. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { errorTable, ForetraceError, isForetraceError, type ErrorCode } from "../../src/lib/errors.ts";

const text = readFileSync(resolve(import.meta.dirname, "../../docs/errors.md"), "utf8");
const rows = Array.from(
  text.matchAll(/^\| `(\w+)` \| (\d{3}) \| (\d) \| (yes|no) \| (.*) \|$/gm),
  ([, code, status, exit, retryable, meaning]) => [
    code!,
    { status: Number(status), exit: Number(exit), retryable: retryable === "yes", meaning: meaning! },
  ],
);

it("every row of docs/errors.md is an entry of the table, and every entry has its row", () => {
  expect(Object.fromEntries(rows)).toEqual(errorTable);
  expect(rows.map(([code]) => code)).toEqual(Object.keys(errorTable));
});

it("status and retryability of an error come from the table; its cause and place are kept", () => {
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    const cause = new Error("below");
    const error = new ForetraceError(code, "what, where, and what would be right", { input: "f", offset: 7, cause });
    expect(isForetraceError(error)).toBe(true);
    expect(error).toMatchObject({
      status: errorTable[code].status,
      retryable: errorTable[code].retryable,
      place: { input: "f", offset: 7 },
      cause,
    });
  }
});
