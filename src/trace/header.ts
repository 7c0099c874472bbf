/** The first 16 bytes: is it a Go execution trace, and of which format version? */
import { ForetraceError } from "../lib/errors.ts";
import type { Input } from "./input.ts";
import { oldVersions } from "./old/spec.ts";
import { generationVersions } from "./spec.ts";

export const headerBytes = 16;

const readableVersions: readonly number[] = [...oldVersions, ...generationVersions];

/**
 * Takes the header off the input and returns the minor version to read it as.
 * @param assume minor version to use where the written one is not known.
 * @throws ForetraceError empty_input, not_a_trace, trace_version_unsupported.
 */
export async function readHeader(input: Input, assume: number | undefined): Promise<number> {
  if (assume !== undefined && !readableVersions.includes(assume)) {
    throw new ForetraceError("bad_usage", `cannot assume format version 1.${assume}; this reader knows ${readableText}`);
  }
  await input.ensure(headerBytes);
  const head = input.peek().subarray(0, headerBytes);
  const written = versionOf(head);
  input.take(head.length);
  if (readableVersions.includes(written)) return written;
  if (assume !== undefined) return assume;
  throw new ForetraceError("trace_version_unsupported", describeVersion(written), { offset: 0 });
}

/**
 * Says of the first bytes of an input (16 suffice) whether they begin a trace that can be read.
 * @throws ForetraceError empty_input, not_a_trace, trace_version_unsupported.
 */
export function checkTraceHeader(header: Uint8Array): void {
  const version = versionOf(header.subarray(0, headerBytes));
  if (!readableVersions.includes(version)) throw new ForetraceError("trace_version_unsupported", describeVersion(version), { offset: 0 });
}

function versionOf(head: Uint8Array): number {
  if (head.length === 0)
    throw new ForetraceError("empty_input", 'the input is empty; a Go execution trace begins with "go 1.N trace"', { offset: 0 });
  const match = /^go 1\.(\d{1,3}) trace\0\0\0/.exec(String.fromCharCode(...head));
  if (match === null) throw new ForetraceError("not_a_trace", describeOther(head), { offset: 0 });
  return Number(match[1]);
}

export const headerText = (version: number): string => `go 1.${version} trace`.padEnd(headerBytes, "\0");

const readableText = readableVersions.map((version) => `1.${version}`).join(", ");

function describeVersion(version: number): string {
  const name = `go 1.${version} trace`;
  if (version >= 5 && version <= 10) {
    return `the input is of the format "${name}" (Go 1.5 to 1.10), which is not supported: record with Go 1.11 or later; this reader knows ${readableText}`;
  }
  return `unknown or unsupported trace version go 1.${version}: this reader knows ${readableText}; --assume-version 1.26 tries to read it as that`;
}

function describeOther(head: Uint8Array): string {
  const kind =
    head[0] === 0x1f && head[1] === 0x8b
      ? "these are gzip data"
      : head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd
        ? "these are zstd data"
        : `it begins with ${JSON.stringify(String.fromCharCode(...head))}`;
  return `bad file format: not a Go execution trace? ${kind}; a trace (from runtime/trace, "go test -trace" or /debug/pprof/trace) begins with "go 1.N trace"`;
}
