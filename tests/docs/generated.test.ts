/** The pages made from tables in the code are up to date, and say what the tables say. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { pages } from "../../scripts/docs.ts";
import { catalogue } from "../../src/features/catalogue.ts";
import { validationRules } from "../../src/trace/validation/rules.ts";
import { findingRules } from "../../src/features/findings.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(resolve(root, path), "utf8");
const firstCells = (text: string): string[] => Array.from(text.matchAll(/^\| `([a-z_]+)/gm), (match) => match[1]!);

it.each(Object.keys(pages))("%s is what `node scripts/docs.ts` writes", (path) => {
  expect(read(path)).toBe(pages[path]!());
});

describe("docs/series.md", () => {
  it("lists every series once, in the order of the catalogue, and defines each", () => {
    const text = read("docs/series.md");
    expect(firstCells(text)).toEqual(catalogue.map(({ name }) => name));
    for (const { name, definition } of catalogue) expect(text).toContain(`### ${name}\n\n${definition}`);
  });
});

describe("docs/findings.md", () => {
  it("lists every rule once", () => {
    const names = Array.from(read("docs/findings.md").matchAll(/^\| ((?:`[a-z-]+`(?:, )?)+) \|/gm), (match) =>
      match[1]!.replaceAll("`", "").split(", "),
    );
    expect(names).toEqual(findingRules.map(({ kinds }) => kinds));
  });
});

describe("docs/validation.md", () => {
  it("lists every rule once", () => {
    const names = Array.from(read("docs/validation.md").matchAll(/^\| `([a-z-]+)` \|/gm), (match) => match[1]!);
    expect(names).toEqual(Object.keys(validationRules));
  });
});
