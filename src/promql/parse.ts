/** Query text to {@link Expr}, on the grammar of the Prometheus project; what is not evaluated yet is refused by name and place. */
import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";
import { ForetraceError } from "../lib/errors.ts";
import type { Expr, ScalarExpr, ScalarOperator, Selector } from "./ast.ts";
import { durationMillis, numberValue, stringValue } from "./literals.ts";
import { type Reading, children, readingOf } from "./reading.ts";
import { isSelective, selectorMatchers } from "./selector.ts";

/** A query longer or deeper than this is no query of a person or a panel. */
const maxLength = 50_000;
const maxDepth = 500;
const comparisons = new Set(["==", "!=", ">", "<", ">=", "<="]);

/**
 * Parses one PromQL expression.
 * @throws ForetraceError bad_query: `1:5: parse error: …` for wrong syntax, `1:1: … is not supported yet` for the rest of PromQL.
 */
export function parsePromql(query: string): Expr {
  const { reading, root } = readTree(query);
  return expression(reading, root);
}

function readTree(query: string): { reading: Reading; root: SyntaxNode } {
  const reading = readingOf(query);
  if (query.length > maxLength) reading.fail(0, `parse error: the query is longer than ${maxLength} characters`);
  const tree = parser.parse(query);
  let depth = 0;
  tree.iterate({
    enter(node) {
      if (++depth > maxDepth) reading.fail(node.from, `parse error: nested deeper than ${maxDepth} levels`);
      if (node.type.isError) failSyntax(reading, node.from, node.to);
    },
    leave: () => void depth--,
  });
  const root = children(tree.topNode).find((node) => node.name !== "LineComment");
  if (root === undefined) return failSyntax(reading, query.length, query.length);
  return { reading, root };
}

/**
 * Parses a selector as `match[]` has it.
 * @throws ForetraceError bad_query, also for anything around a plain selector and for matchers that all match the empty string.
 */
export function parseSelector(text: string): Selector {
  const { reading, root } = readTree(text);
  if (root.name !== "VectorSelector") return reading.fail(root.from, "parse error: expected a plain series selector");
  const matchers = selectorMatchers(reading, root);
  if (!isSelective(matchers))
    throw new ForetraceError("bad_query", "match[] must contain at least one non-empty matcher", { input: "match[]" });
  return { kind: "selector", matchers, offsetMillis: 0, position: root.from };
}

function failSyntax(reading: Reading, from: number, to: number): never {
  const { query } = reading;
  if (query.trim() === "") reading.fail(0, "parse error: no expression found in input");
  const rest = query.slice(from, to > from ? to : from + 20).trim();
  return reading.fail(from, rest === "" ? "parse error: unexpected end of input" : `parse error: unexpected "${rest.slice(0, 40)}"`);
}

function expression(reading: Reading, node: SyntaxNode): Expr {
  const position = node.from;
  const inner = (): SyntaxNode => children(node)[0]!;
  switch (node.name) {
    case "NumberDurationLiteral":
      return signedNumber(reading, node);
    case "StringLiteral": {
      const value = stringValue(reading.text(node));
      if (value === undefined) return reading.fail(position, "parse error: unterminated string, or an unknown escape in it");
      return { kind: "string", value, position };
    }
    case "ParenExpr":
      return expression(reading, inner());
    case "UnaryExpr": {
      const operand = scalar(reading, children(node)[1]!, "unary operator on a vector");
      return reading.text(inner()) === "-" ? { kind: "negation", operand, position } : operand;
    }
    case "BinaryExpr":
      return binary(reading, node);
    case "VectorSelector": {
      const matchers = selectorMatchers(reading, node);
      if (!isSelective(matchers)) return reading.fail(position, "parse error: vector selector must contain at least one non-empty matcher");
      return { kind: "selector", matchers, offsetMillis: 0, position };
    }
    case "OffsetExpr":
      return offset(reading, node);
    default:
      return refuse(reading, node);
  }
}

function refuse(reading: Reading, node: SyntaxNode): never {
  const first = node.firstChild;
  const name = first === null ? "" : reading.text(first);
  const named: Record<string, string> = {
    FunctionCall: `function "${name}"`,
    AggregateExpr: `aggregation "${name}"`,
    MatrixSelector: "range selector [..]",
    SubqueryExpr: "subquery",
    StepInvariantExpr: "@ modifier",
    AnchoredExpr: "anchored modifier (experimental)",
    SmoothedExpr: "smoothed modifier (experimental)",
  };
  return reading.fail(node.from, `${named[node.name] ?? node.name} is not supported yet`);
}

function scalar(reading: Reading, node: SyntaxNode, what: string): ScalarExpr {
  const expr = expression(reading, node);
  if (expr.kind === "selector") return reading.fail(expr.position, `${what} is not supported yet`);
  if (expr.kind === "string") return reading.fail(expr.position, "parse error: a string cannot be an operand");
  return expr;
}

function signedNumber(reading: Reading, node: SyntaxNode): ScalarExpr {
  const text = reading.text(node);
  const sign = text[0] === "-" || text[0] === "+" ? text[0] : "";
  const digits = text.slice(sign.length).trim();
  const value = numberValue(digits);
  if (value === Number.POSITIVE_INFINITY && !/^inf$/i.test(digits)) {
    return reading.fail(node.from, `parse error: error parsing number: strconv.ParseFloat: parsing "${digits}": value out of range`);
  }
  return { kind: "number", value: sign === "-" ? -value : value, position: node.from };
}

function binary(reading: Reading, node: SyntaxNode): ScalarExpr {
  const parts = children(node);
  const [leftNode, operatorNode] = parts;
  const rightNode = parts.at(-1)!;
  const operator = reading.text(operatorNode!).toLowerCase();
  const place = operatorNode!.from;
  if (operatorNode!.name.startsWith("Trim")) reading.fail(place, `operator "${operator}" (experimental) is not supported yet`);
  const what = `operator "${operator}" with a vector`;
  let left = scalar(reading, leftNode!, what);
  const right = scalar(reading, rightNode, what);
  const middle = parts.slice(2, -1).map((part) => part.name);
  if (middle.some((name) => name !== "BoolModifier"))
    reading.fail(place, "parse error: vector matching only allowed between instant vectors");
  if (operator === "and" || operator === "or" || operator === "unless") {
    reading.fail(place, `parse error: set operator "${operator}" not allowed in binary scalar expression`);
  }
  const compares = comparisons.has(operator);
  if (compares && middle.length === 0) reading.fail(place, "parse error: comparisons between scalars must use BOOL modifier");
  if (!compares && middle.length > 0) reading.fail(place, "parse error: bool modifier can only be used on comparison operators");
  // The grammar takes the sign of -1^2 into the literal, but ^ binds tighter than a sign.
  const signed = operator === "^" && leftNode!.name === "NumberDurationLiteral" && reading.text(leftNode!).startsWith("-");
  if (signed && left.kind === "number") left = { ...left, value: -left.value };
  const result: ScalarExpr = { kind: "binary", operator: operator as ScalarOperator, left, right, position: node.from };
  return signed ? { kind: "negation", operand: result, position: node.from } : result;
}

function offset(reading: Reading, node: SyntaxNode): Selector {
  const parts = children(node);
  const duration = parts.find((part) => part.name === "OffsetDurationExpr")!;
  const target = expression(reading, parts[0]!);
  if (target.kind !== "selector" || parts[0]!.name === "ParenExpr") {
    return reading.fail(node.from, "parse error: offset modifier must be preceded by an instant vector selector");
  }
  if (parts[0]!.name === "OffsetExpr") return reading.fail(duration.from, "parse error: offset may not be set multiple times");
  const match = /^([-+]?)\s*([0-9a-zA-Z_.]+)$/.exec(reading.text(duration));
  const value = match === null ? Number.NaN : durationMillis(match[2]!);
  const millis = Number.isNaN(value) && match !== null ? numberValue(match[2]!) * 1000 : value;
  if (!Number.isFinite(millis)) return reading.fail(duration.from, "duration expression (experimental) is not supported yet");
  return { ...target, offsetMillis: match![1] === "-" ? -millis : millis, position: target.position };
}
