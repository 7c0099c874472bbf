/** Label matchers as Prometheus has them: an absent label is the empty string, regular expressions are RE2 and match the whole value. */
import { ForetraceError } from "../lib/errors.ts";
import type { Labels } from "../lib/series.ts";
import type { Matcher } from "./ports.ts";

/**
 * A predicate over label sets that holds when all matchers hold.
 * @throws ForetraceError bad_query naming the matcher whose regular expression is not one of RE2.
 */
export function compileMatchers(matchers: readonly Matcher[]): (labels: Labels) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, test: compileMatcher(matcher) }));
  return (labels) => tests.every(({ name, test }) => test(labels[name] ?? ""));
}

/** As {@link compileMatchers}, for the value of one label. */
export function compileMatcher(matcher: Matcher): (value: string) => boolean {
  const { op, value } = matcher;
  if (op === "=") return (text) => text === value;
  if (op === "!=") return (text) => text !== value;
  const pattern = compileRegex(value, `${matcher.name}${op}"${value}"`);
  return op === "=~" ? (text) => pattern.test(text) : (text) => !pattern.test(text);
}

/** Longer patterns are refused: nobody writes them, and compiling them takes the process's time. */
const maxPatternLength = 10_000;
/** Characters that keep their escape; every other punctuation may be escaped in RE2 and stands for itself. */
const escapedLetters = new Set("dDwWsSbBtnrfv");

/**
 * The JavaScript form of an RE2 pattern, anchored at both ends, with `.` matching every character.
 * It uses no flag but `s`, so that V8 can fall back to its linear engine on patterns that backtrack without end.
 */
function compileRegex(pattern: string, what: string): RegExp {
  const fail = (reason: string): never => {
    throw new ForetraceError("bad_query", `error parsing regexp in ${what}: ${reason}`, { input: what });
  };
  if (pattern.length > maxPatternLength) fail(`longer than ${maxPatternLength} characters`);
  let ignoreCase = false;
  let inClass = false;
  let out = "";
  let i = 0;
  const leading = /^\(\?([is]+)\)/.exec(pattern);
  if (leading !== null) {
    ignoreCase = leading[1]!.includes("i");
    i = leading[0].length;
  }
  const literal = (character: string): string => {
    const lower = character.toLowerCase();
    const upper = character.toUpperCase();
    if (!ignoreCase || lower === upper || lower.length !== 1 || upper.length !== 1) return character;
    return inClass ? lower + upper : `[${lower}${upper}]`;
  };
  while (i < pattern.length) {
    const character = pattern[i]!;
    if (character === "\\") {
      const next = pattern[i + 1];
      if (next === undefined) fail("trailing backslash");
      if (next === "A" || next === "z") out += next === "A" ? "^" : "$";
      else if (/[0-9]/.test(next!)) fail(`invalid escape sequence \\${next!}`);
      else if (/[a-zA-Z]/.test(next!) && !escapedLetters.has(next!)) fail(`invalid escape sequence \\${next!}`);
      else out += `\\${next!}`;
      i += 2;
    } else if (inClass) {
      if (character === "]") inClass = false;
      // A range such as a-f keeps its two ends; the other case of it is added behind.
      const range = ignoreCase ? /^([a-zA-Z])-([a-zA-Z])/.exec(pattern.slice(i)) : null;
      if (range === null) out += character === "[" ? "\\[" : character === "]" ? "]" : literal(character);
      else out += `${range[0].toLowerCase()}${range[0].toUpperCase()}`;
      i += range === null ? 1 : 3;
    } else if (character === "[") {
      const open = /^\[\^?\]?/.exec(pattern.slice(i))![0];
      if (pattern.startsWith("[:", i + open.length)) fail("named character classes are not supported; write the characters");
      inClass = true;
      out += open.replace("]", "\\]");
      i += open.length;
    } else if (character === "(" && pattern[i + 1] === "?") {
      const group = /^\(\?(?::|P?<([a-zA-Z_]\w*)>)/.exec(pattern.slice(i));
      if (group === null) fail(`invalid or unsupported Perl syntax: ${pattern.slice(i, i + 3)}`);
      out += "(?:";
      i += group![0].length;
    } else {
      out += literal(character);
      i++;
    }
  }
  if (inClass) fail("missing closing ]");
  try {
    return new RegExp(`^(?:${out})$`, "s");
  } catch (error) {
    return fail((error as Error).message.replace(/^Invalid regular expression: /, ""));
  }
}
