/** The library as its users have it: built, in a node_modules folder, beside the programs of docs/library.md. */
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { repoRoot } from "../helpers/cli.ts";

export type Program = { readonly name: string; readonly code: string; readonly language: string; readonly output: string | undefined };

/** Blocks of code in docs/library.md, each named by its heading, with the block of output that follows it. */
export function documentedPrograms(): Program[] {
  const text = readFileSync(join(repoRoot, "docs/library.md"), "utf8");
  const programs: Program[] = [];
  let heading = "";
  for (const [, title, language, code] of text.matchAll(/^#+ (.*)$|^```(.*)\n([^]*?)^```$/gm)) {
    if (title !== undefined) heading = title;
    else if (language === "text") programs.push({ ...programs.pop()!, output: code });
    else programs.push({ name: heading, language: language!, code: code!, output: undefined });
  }
  return programs;
}

/** A folder with the package built into its node_modules, and the trace that the examples read. */
export function consumerFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "foretrace-library-"));
  const modules = join(folder, "node_modules");
  const installed = join(modules, "foretrace");
  mkdirSync(join(modules, "@types"), { recursive: true });
  const tsc = join(repoRoot, "node_modules", ".bin", "tsc");
  execFileSync(tsc, ["-p", join(repoRoot, "tsconfig.build.json"), "--outDir", join(installed, "dist")], { stdio: "pipe" });
  cpSync(join(repoRoot, "package.json"), join(installed, "package.json"));
  cpSync(join(repoRoot, "build", "kernels"), join(installed, "build", "kernels"), { recursive: true });
  prepareConsumer(folder);
  return folder;
}

/** What an example needs beside the package. */
export function prepareConsumer(folder: string): void {
  const types = join(folder, "node_modules", "@types");
  mkdirSync(types, { recursive: true });
  symlinkSync(join(repoRoot, "node_modules", "@types", "node"), join(types, "node"));
  symlinkSync(join(repoRoot, "node_modules", "undici-types"), join(folder, "node_modules", "undici-types"));
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  const trace = join(repoRoot, "tests/fixtures/traces/esbuild-0.28.2-go1.26.5-watch.trace.gz");
  writeFileSync(join(folder, "trace.out"), gunzipSync(readFileSync(trace)));
}

/** What the compiler says of files in the folder; empty when it has nothing to say. */
export async function compilerErrors(folder: string, files: readonly string[], options: object): Promise<string> {
  const config = join(folder, `tsconfig.${files[0]}.json`);
  const strict = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, target: "es2024" };
  writeFileSync(config, JSON.stringify({ compilerOptions: { ...strict, ...options }, files }));
  const tsc = join(repoRoot, "node_modules", ".bin", "tsc");
  return promisify(execFile)(tsc, ["-p", config]).then(
    () => "",
    (error: { stdout?: string }) => error.stdout ?? String(error),
  );
}
