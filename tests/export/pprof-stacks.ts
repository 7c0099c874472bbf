/** Two readers of pprof profiles that are not ours, with one result: a line a stack, so that profiles can be compared stack by stack. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { Profile } from "pprof-format";

export type StackLines = { readonly lines: readonly string[]; readonly contentions: number; readonly delay: number };

/** By npm's pprof-format. Lines: `COUNT NANOS FUNCTION FILE:LINE;…`, leaf first, sorted. */
export function stacksOf(gzipped: Uint8Array): StackLines {
  const profile = Profile.decode(gunzipSync(gzipped));
  const text = (index: number | bigint): string => profile.stringTable.strings[Number(index)]!;
  const functions = new Map(profile.function.map((found) => [Number(found.id), found]));
  const places = new Map(
    profile.location.map((location) => {
      const line = location.line[0]!;
      const found = functions.get(Number(line.functionId))!;
      return [Number(location.id), `${text(found.name)} ${text(found.filename)}:${Number(line.line)}`];
    }),
  );
  return summed(
    profile.sample.map((sample) => ({
      count: Number(sample.value[0]),
      nanos: Number(sample.value[1]),
      stack: sample.locationId.map((id) => places.get(Number(id))!),
    })),
  );
}

/** By Go's own tool: `go tool pprof -raw FILE`. */
export function stacksByGo(file: string): StackLines {
  const { stdout } = spawnSync("go", ["tool", "pprof", "-raw", file], { encoding: "utf8", maxBuffer: 1 << 28 });
  const lines = stdout.split("\n");
  const places = new Map<string, string>();
  // `12: 0x4a3f M=1 runtime.chanrecv1 /usr/lib/go/chan.go:442:0 s=0`
  for (const line of lines) {
    const found = /^\s*(\d+): 0x[0-9a-f]+ (?:M=\d+ )?(\S.*?)?:(\d+):\d+ s=\d+$/.exec(line);
    if (found !== null) places.set(found[1]!, `${found[2]}:${found[3]}`);
  }
  const samples = lines.flatMap((line) => {
    const found = /^\s*(\d+)\s+(\d+): ([\d ]*)$/.exec(line);
    if (found === null) return [];
    const ids = found[3]!.split(" ").filter((id) => id !== "");
    // A frame without a place is dropped at the root, as an empty stack.
    return [{ count: Number(found[1]), nanos: Number(found[2]), stack: ids.flatMap((id) => places.get(id) ?? []) }];
  });
  return summed(samples);
}

function summed(samples: readonly { count: number; nanos: number; stack: readonly string[] }[]): StackLines {
  const byStack = new Map<string, { count: number; nanos: number }>();
  for (const { count, nanos, stack } of samples) {
    const key = stack.join(";");
    const found = byStack.get(key) ?? { count: 0, nanos: 0 };
    byStack.set(key, { count: found.count + count, nanos: found.nanos + nanos });
  }
  return {
    lines: [...byStack].map(([stack, { count, nanos }]) => `${count} ${nanos} ${stack}`).toSorted(),
    contentions: samples.reduce((sum, { count }) => sum + count, 0),
    delay: samples.reduce((sum, { nanos }) => sum + nanos, 0),
  };
}

export const sha256 = ({ lines }: StackLines): string => createHash("sha256").update(lines.join("\n")).digest("hex");
