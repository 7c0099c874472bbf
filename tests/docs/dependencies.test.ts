import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const text = readFileSync(resolve(root, "docs/dependencies.md"), "utf8");

type Manifest = Partial<Record<"dependencies" | "devDependencies" | "optionalDependencies" | "peerDependencies", Record<string, string>>>;
const manifest = (path: string): Manifest => JSON.parse(readFileSync(resolve(root, path), "utf8")) as Manifest;

/** Package → reason, from the table under one heading; an absent heading is an empty table. */
function table(heading: string): Map<string, string> {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const rows = section.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm);
  return new Map(Array.from(rows, (row) => [row[1]!, row[2]!.trim()]));
}

const names = (record: Record<string, string> | undefined): string[] => Object.keys(record ?? {}).sort();

describe("docs/dependencies.md", () => {
  const main = manifest("package.json");
  const notebooks = manifest("notebooks/package.json");
  test.each([
    ["Runtime", main.dependencies],
    ["Optional at run time", { ...main.peerDependencies, ...main.optionalDependencies }],
    ["Development", main.devDependencies],
    ["Notebooks", { ...notebooks.dependencies, ...notebooks.devDependencies }],
  ])("%s: the table names exactly what package.json names, each with a reason", (heading, declared) => {
    const rows = table(heading);
    expect([...rows.keys()].sort()).toEqual(names(declared));
    for (const [name, reason] of rows) expect(reason, `reason for ${name}`).not.toBe("");
  });
});
