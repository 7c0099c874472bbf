/** Other Node versions for the package test, from the npm registry's `node` package; kept in the temporary folder between runs. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Folder that holds an executable `node` of the newest release of that major version. Throws when npm cannot install it. */
export function nodeBinFolder(major: number): string {
  const home = join(tmpdir(), "foretrace-test-node", String(major));
  const bin = join(home, "node_modules", "node", "bin");
  if (existsSync(join(bin, "node"))) return bin;
  // Installed beside and moved, so that a broken-off installation is never taken for a whole one.
  const building = `${home}.${process.pid}`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  writeFileSync(join(building, "package.json"), JSON.stringify({ private: true, allowScripts: { node: true } }));
  execFileSync("npm", ["install", "--no-save", "--no-package-lock", `node@${major}`], { cwd: building, stdio: "pipe" });
  rmSync(home, { recursive: true, force: true });
  renameSync(building, home);
  return bin;
}
