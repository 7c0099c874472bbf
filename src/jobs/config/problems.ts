/** From a schema violation to one sentence that names the key, the line and what would be right. */
import { Value } from "typebox/value";
import { type Document, isCollection, isMap, isNode, type LineCounter, visit } from "yaml";
import { ForetraceError } from "../../lib/errors.ts";
import { configSchema } from "./schema.ts";

type Violation = {
  readonly keyword: string;
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly params: object;
  readonly message: string;
};
export type ParsedYaml = { readonly document: Document.Parsed; readonly lines: LineCounter; readonly file: string };

/** @throws ForetraceError bad_config for the first key or value that does not fit the schema. */
export function checkAgainstSchema(value: unknown, parsed: ParsedYaml): void {
  const violations = [...Value.Errors(configSchema, value)] as Violation[];
  if (violations.length === 0) return;
  const worst = violations.reduce((best, next) => (weight(next) > weight(best) ? next : best));
  const path = worst.instancePath.split("/").slice(1).map(unescapePointer);
  if (worst.keyword === "additionalProperties") {
    const unknown = (worst.params as { additionalProperties: string[] }).additionalProperties[0]!;
    const known = knownKeys(worst);
    const near = nearest(unknown, known);
    const hint =
      near === undefined
        ? known.length > 0
          ? `known here: ${known.join(", ")}`
          : "no such name is allowed here"
        : `did you mean "${near}"?`;
    throw problem(parsed, [...path, unknown], `unknown key "${[...path, unknown].join(".")}"; ${hint}`, true);
  }
  if (worst.keyword === "required") {
    const missing = (worst.params as { requiredProperties: string[] }).requiredProperties.join(", ");
    throw problem(parsed, path, `${path.join(".") || "the file"} lacks ${missing}`);
  }
  throw problem(parsed, path, `${path.join(".") || "the file"} ${wanted(worst, violations)}`);
}

/** The document as plain values. @throws ForetraceError bad_config at an alias without an anchor, or when aliases multiply without end. */
export function plainValue(parsed: ParsedYaml): unknown {
  const { document, lines, file } = parsed;
  let lost: { name: string; offset: number } | undefined;
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return undefined;
      lost = { name: alias.source, offset: alias.range?.[0] ?? 0 };
      return visit.BREAK;
    },
  });
  if (lost !== undefined) {
    const { line, column } = at(lines, lost.offset);
    throw new ForetraceError(
      "bad_config",
      `${file}:${line}:${column}: *${lost.name} is an alias, and nothing before it is marked &${lost.name}; quote a value that begins with *`,
      { input: file, line },
    );
  }
  try {
    return document.toJS();
  } catch (error) {
    throw problem(parsed, [], (error as Error).message);
  }
}

/** A bad_config error at the YAML node of `path` (or at its key). */
export function problem(parsed: ParsedYaml, path: readonly string[], message: string, atKey = false): ForetraceError {
  const place = position(parsed, path, atKey);
  return new ForetraceError("bad_config", `${parsed.file}:${place.line}:${place.column}: ${message}`, {
    input: parsed.file,
    line: place.line,
  });
}

/** An unknown key explains more than the failed alternatives around it, and a deep fault more than a shallow one. */
function weight(violation: Violation): number {
  const depth = violation.instancePath.split("/").length;
  if (violation.keyword === "boolean") return -1;
  const kind =
    violation.keyword === "additionalProperties" ? 200 : violation.keyword === "anyOf" ? 0 : violation.keyword === "type" ? 1 : 100;
  return kind + depth * 2;
}

function wanted(worst: Violation, all: readonly Violation[]): string {
  const here = all.filter((violation) => violation.instancePath === worst.instancePath);
  const schema = schemaAt(worst.schemaPath);
  const types = here.filter((violation) => violation.keyword === "type").map((violation) => (violation.params as { type: string }).type);
  const constants = here
    .filter((violation) => violation.keyword === "const")
    .map((v) => `"${String((v.params as { allowedValue?: unknown }).allowedValue)}"`);
  const examples = schema?.examples === undefined ? "" : `; write for example ${schema.examples.join(", ")}`;
  const meaning = schema?.description === undefined ? "" : ` (${schema.description})`;
  if (worst.keyword === "type" && types.length > 1) return `must be ${[...new Set(types)].join(" or ")}`;
  if (constants.length > 0) {
    const pattern = here.some(({ keyword, schemaPath }) => keyword === "pattern" || schemaAt(schemaPath)?.pattern !== undefined);
    const others = pattern ? " or a duration such as 10s" : "";
    return `must be one of ${[...new Set(constants)].join(", ")}${others}`;
  }
  if (worst.keyword === "pattern") return `does not have the right form${examples || meaning}`;
  return `${worst.message}${examples || meaning}`;
}

type SchemaNode = { description?: string; examples?: string[]; pattern?: string; properties?: object } | undefined;

function schemaAt(path: string): SchemaNode {
  let node: unknown = configSchema;
  for (const part of path.split("/").slice(1).map(unescapePointer)) {
    if (typeof node !== "object" || node === null) return undefined;
    node = (node as Record<string, unknown>)[part];
  }
  return node as SchemaNode;
}

const knownKeys = (violation: Violation): string[] => Object.keys(schemaAt(violation.schemaPath)?.properties ?? {});
const unescapePointer = (part: string): string => part.replaceAll("~1", "/").replaceAll("~0", "~");

function position({ document, lines }: ParsedYaml, path: readonly string[], atKey: boolean): { line: number; column: number } {
  for (let depth = path.length; depth >= 0; depth--) {
    const parent = depth === 0 ? undefined : depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    const last = path[depth - 1];
    if (atKey && depth === path.length && isMap(parent)) {
      const pair = parent.items.find((item) => isNode(item.key) && String((item.key as { value?: unknown }).value) === last);
      const start = isNode(pair?.key) ? pair.key.range?.[0] : undefined;
      if (start !== undefined) return at(lines, start);
    }
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return at(lines, isCollection(node) ? node.range[0] : node.range[0]);
  }
  return { line: 1, column: 1 };
}

function at(lines: LineCounter, offset: number): { line: number; column: number } {
  const place = lines.linePos(offset);
  return { line: place.line, column: place.col };
}

/** The known word that a typo most likely meant, by edit distance. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.ceil(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
