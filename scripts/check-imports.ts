/**
 * Holds the direction of imports: data flows one way through the folders of src/.
 * The table is the documentation: a folder may import from itself and from the folders on its right.
 * `platform` says which rooms may touch files, network, clock or process; the others get them handed in.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const allowed: Record<string, readonly string[]> = {
  lib: [],
  trace: ["lib"],
  features: ["lib", "trace"],
  export: ["lib", "trace", "features"],
  models: ["lib"],
  sources: ["lib", "trace", "features"],
  store: ["lib", "models"],
  promql: ["lib", "store"],
  sinks: ["lib", "store"],
  jobs: ["lib", "trace", "features", "models", "sources", "store", "promql", "sinks"],
  api: ["lib", "trace", "features", "models", "sources", "store", "promql", "sinks", "jobs"],
  web: ["lib"],
  cli: ["lib", "trace", "features", "export", "models", "sources", "store", "promql", "sinks", "jobs", "api"],
};
/** Rooms that open nothing themselves: no node: modules, no globals of the platform. */
const pure = new Set(["lib", "trace", "features", "export", "models"]);
/** Known exceptions, each with its reason. */
const debt: readonly { file: string; imports: string; reason: string }[] = [];

const root = resolve(import.meta.dirname, "..", "src");
const problems: string[] = [];
for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.tsx?$/.test(entry.name)) continue;
  const file = join(entry.parentPath, entry.name);
  const name = relative(root, file);
  if (/^(models\/kernels|trace)\/assembly\//.test(name)) continue;
  const room = name.split("/")[0]!;
  const text = readFileSync(file, "utf8");
  const rules = allowed[room];
  if (rules === undefined) {
    problems.push(`src/${name}: no room "${room}" in scripts/check-imports.ts`);
    continue;
  }
  for (const match of text.matchAll(/(?:from|import)\s*\(?\s*["']([^"']+)["']/g)) {
    const specifier = match[1]!;
    if (debt.some((known) => known.file === name && specifier.startsWith(known.imports))) continue;
    if (specifier.startsWith(".")) {
      const target = relative(root, resolve(dirname(file), specifier)).split("/")[0]!;
      if (target !== room && !rules.includes(target)) problems.push(`src/${name}: ${room} must not import from ${target} ("${specifier}")`);
    } else if (pure.has(room) && specifier.startsWith("node:")) {
      problems.push(`src/${name}: ${room} is pure and must not import ${specifier}; take what it gives as an argument`);
    }
  }
  if (pure.has(room)) {
    for (const word of ["Math.random(", "Date.now(", "new Date()", "process.env", "performance.now("]) {
      if (text.includes(word)) problems.push(`src/${name}: ${room} is pure and must not use ${word.replace("(", "")}`);
    }
  }
}
if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log(`imports: one way through ${Object.keys(allowed).length} rooms`);
