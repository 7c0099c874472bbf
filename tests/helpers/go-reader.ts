/** Go's own reader, golang.org/x/exp/trace, where `go` is installed: bench/rivals/xexptrace as a process. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const source = resolve(import.meta.dirname, "../../bench/rivals/xexptrace");

/** A file → how many events the reader gave, and its error (empty = none); undefined where there is no go. */
export const goReader: ((file: string) => { events: number; error: string }) | undefined = (() => {
  if (spawnSync("go", ["version"]).status !== 0) return undefined;
  let program: string | undefined;
  return (file) => {
    if (program === undefined) {
      program = join(mkdtempSync(join(tmpdir(), "foretrace-go-reader-")), "xexptrace");
      execFileSync("go", ["build", "-o", program, "."], { cwd: source, stdio: ["ignore", "ignore", "inherit"] });
    }
    const { stdout, stderr } = spawnSync(program, [file], { encoding: "utf8" });
    return { events: Number.parseInt(stdout, 10), error: stderr.trim() };
  };
})();
