/** More of threads.test.ts: many damages, and a program with tasks and regions recorded by the Go that is here. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, expect, it } from "vitest";
import { planParts } from "../../src/cli/threads/plan.ts";
import { readParts } from "../../src/cli/threads/read-parts.ts";
import { openBytes } from "../../src/sources/bytes.ts";
import { sharedDir } from "../helpers/shared.ts";
import { mutate } from "../trace/damage.ts";
import { differing } from "./threads.ts";

const folder = mkdtempSync(join(tmpdir(), "foretrace-threads-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fixture = (name: string): Uint8Array => gunzipSync(readFileSync(join(import.meta.dirname, "..", "fixtures", "traces", name)));

it("200 damaged traces, and one whose windows are too many, in the first part and in a later one", async () => {
  const watch = fixture("esbuild-0.28.2-go1.26.5-watch.trace.gz");
  const file = join(folder, "damaged.trace");
  for (let seed = 100; seed < 300; seed++) {
    writeFileSync(file, mutate(watch, seed));
    expect(await differing(file)).toEqual([]);
  }
  writeFileSync(file, watch);
  for (const windowNanos of [10, 3000]) expect(await differing(file, { windowNanos })).toEqual([]);
});

const real = sharedDir && join(sharedDir, "traces", "real");
it.skipIf(real === undefined)("damaged traces of Go 1.22 and 1.25, whose generations end in another way", async () => {
  const file = join(folder, "damaged.trace");
  for (const name of ["esbuild-0.23.1-go1.22.5-big.trace", "esbuild-0.27.7-go1.25.7-big.trace"]) {
    const bytes = readFileSync(join(real!, name));
    for (let seed = 1; seed <= 25; seed++) {
      writeFileSync(file, mutate(bytes, seed));
      expect(await differing(file)).toEqual([]);
    }
  }
});

const program = `package main

import (
	"context"
	"os"
	"runtime"
	"runtime/trace"
	"sync"
	"time"
)

func main() {
	file, _ := os.Create(os.Args[1])
	trace.Start(file)
	ctx, all := trace.NewTask(context.Background(), "all")
	first, half := trace.NewTask(ctx, "half")
	work := make(chan int)
	var workers sync.WaitGroup
	for range 3 {
		workers.Add(1)
		go func() {
			defer workers.Done()
			defer trace.StartRegion(ctx, "outer").End()
			inner := trace.StartRegion(first, "inner")
			for i := range work {
				request, task := trace.NewTask(ctx, "request")
				trace.WithRegion(request, "work", func() { trace.Log(request, "n", "x") })
				task.End()
				if i%4000 == 0 {
					runtime.GC()
				}
			}
			inner.End()
		}()
	}
	begin := time.Now()
	for i := 0; time.Since(begin) < 3*time.Second; i++ {
		work <- i
		if i == 10000 {
			half.End()
		}
	}
	close(work)
	workers.Wait()
	all.End()
	trace.Stop()
	file.Close()
}
`;

it.skipIf(spawnSync("go", ["version"]).status !== 0)("tasks and regions that stay open, collections in between", async () => {
  writeFileSync(join(folder, "main.go"), program);
  writeFileSync(join(folder, "go.mod"), "module open\n\ngo 1.24\n");
  execFileSync("go", ["build", "-o", "open", "."], { cwd: folder });
  const file = join(folder, "open.trace");
  execFileSync(join(folder, "open"), [file], { env: { ...process.env, GODEBUG: "traceadvanceperiod=200000000" } });
  const plan = await planParts(file, { threads: 3, partBytes: 1e5 });
  const { parts } = await readParts(plan!, {
    file,
    source: openBytes(file),
    windowNanos: 1e8,
    onWindow() {},
    ready: async () => {},
    progress() {},
    signal: undefined,
  });
  expect(parts).toBe(3);
  expect(await differing(file)).toEqual([]);
  expect(await differing(file, { windowNanos: 1e6 })).toEqual([]);
});
