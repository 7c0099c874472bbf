/** The matchers of a vector selector, with the rules Prometheus has for them. */
import type { SyntaxNode } from "@lezer/common";
import { isForetraceError } from "../lib/errors.ts";
import { compileMatcher } from "../store/matchers.ts";
import type { Matcher } from "../store/ports.ts";
import { stringValue } from "./literals.ts";
import { children, type Reading } from "./reading.ts";

/** @throws ForetraceError bad_query with the place: a bad regular expression, a bad string, or two names. */
export function selectorMatchers(reading: Reading, node: SyntaxNode): Matcher[] {
  const matchers: Matcher[] = [];
  let name: string | undefined;
  const quoted = (literal: SyntaxNode): string => {
    const value = stringValue(reading.text(literal));
    if (value === undefined) return reading.fail(literal.from, "parse error: unterminated string, or an unknown escape in it");
    return value;
  };
  const setName = (value: string, at: SyntaxNode): void => {
    if (name !== undefined) reading.fail(at.from, `parse error: metric name must not be set twice: "${name}" or "${value}"`);
    name = value;
    matchers.push({ name: "__name__", op: "=", value });
  };
  for (const part of children(node)) {
    if (part.name === "Identifier") setName(reading.text(part), part);
    if (part.name !== "LabelMatchers") continue;
    for (const item of children(part)) {
      if (item.name === "QuotedLabelName") {
        setName(quoted(item.firstChild!), item);
        continue;
      }
      const [label, op, literal] = children(item);
      const matcher: Matcher = {
        name: label!.name === "QuotedLabelName" ? quoted(label!.firstChild!) : reading.text(label!),
        op: reading.text(op!) as Matcher["op"],
        value: quoted(literal!),
      };
      if (matcher.name === "__name__" && name !== undefined) setName(matcher.value, item);
      matchers.push(matcher);
    }
  }
  for (const matcher of matchers) {
    try {
      compileMatcher(matcher);
    } catch (error) {
      if (isForetraceError(error)) reading.fail(node.from, `parse error: ${error.message}`);
      throw error;
    }
  }
  return matchers;
}

/** Whether one matcher at least refuses the empty string, so that the selector cannot mean every series there is. */
export const isSelective = (matchers: readonly Matcher[]): boolean => matchers.some((matcher) => !compileMatcher(matcher)(""));
