/** Label matchers as Prometheus has them: an absent label is the empty string, regular expressions are RE2 and match the whole value. */
import { setFlagsFromString } from "node:v8";
import { ForetraceError, isForetraceError } from "../lib/errors.ts";
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
/** RE2's own limit of counted repetition. */
const maxCount = 1000;
/** Letters that keep their escape; every other punctuation may be escaped in RE2 and stands for itself. */
const escapedLetters = new Set("dDwWsSbBtnrfv");

// A pattern that backtracks without end must not stop the process: V8 then goes on with its engine that takes linear time.
// The second flag only brings the letter `l`, which tells at once whether that engine can run a pattern.
setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");
setFlagsFromString("--enable-experimental-regexp-engine");

/**
 * The JavaScript form of an RE2 pattern, anchored at both ends, with `.` matching every character, line ends too (as since Prometheus 3).
 * Refused though RE2 has them: named classes (`[[:alpha:]]`, `\\pL`), flags other than a leading `(?i)` or `(?s)`, `\\Q…\\E`, `\\C`.
 * A character beyond the basic plane counts as two.
 */
function compileRegex(pattern: string, what: string): RegExp {
  const fail = (reason: string): never => {
    throw new ForetraceError("bad_query", `error parsing regexp in ${what}: ${reason}`, { input: what });
  };
  if (pattern.length > maxPatternLength) fail(`longer than ${maxPatternLength} characters`);
  const { source, nested } = translate(pattern, fail);
  try {
    const regex = new RegExp(source, "s");
    if (nested && !runsInLinearTime(source)) fail("repeats a repetition or an alternative, and counts beyond 16: it could take for ever");
    return regex;
  } catch (error) {
    if (isForetraceError(error)) throw error;
    return fail((error as Error).message.replace(/^Invalid regular expression: /, ""));
  }
}

function runsInLinearTime(source: string): boolean {
  const flags = "sl";
  try {
    void new RegExp(source, flags);
    return true;
  } catch {
    return false;
  }
}

type Translated = {
  readonly source: string;
  /** A repeated group holds a repetition or an alternative: the kind of pattern whose backtracking can grow without bound. */
  readonly nested: boolean;
};

function translate(pattern: string, fail: (reason: string) => never): Translated {
  let ignoreCase = false;
  let inClass = false;
  let out = "";
  let i = 0;
  let nested = false;
  /** For each open group, whether it holds a repetition or an alternative. */
  const groups: boolean[] = [false];
  let closed = false;
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
    const afterGroup = closed;
    closed = false;
    if (character === "\\") {
      const next = pattern[i + 1];
      if (next === undefined) fail("trailing backslash");
      if (next === "A" || next === "z") out += next === "A" ? "(?:^)" : "(?:$)";
      else if (/[0-9]/.test(next!)) fail(`invalid escape sequence \\${next!}`);
      else if (/[a-zA-Z]/.test(next!) && !escapedLetters.has(next!)) fail(`invalid escape sequence \\${next!}`);
      // RE2's white space is ASCII.
      else if (next === "s") out += inClass ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]";
      else if (next === "S") out += inClass ? fail("\\S inside a class is not supported") : "[^\\t\\n\\f\\r ]";
      // RE2 repeats what has no width, JavaScript does not.
      else if (!inClass && (next === "b" || next === "B")) out += `(?:\\${next})`;
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
    } else if (character === "(") {
      const group = pattern[i + 1] === "?" ? /^\(\?(?::|P?<([a-zA-Z_]\w*)>)/.exec(pattern.slice(i)) : ["("];
      if (group === null) fail(`invalid or unsupported Perl syntax: ${pattern.slice(i, i + 3)}`);
      groups.push(false);
      out += "(?:";
      i += group![0].length;
    } else {
      const count = /^\{(\d+)(?:,(\d*))?\}/.exec(pattern.slice(i));
      if (count !== null && Math.max(Number(count[1]), Number(count[2] ?? 0)) > maxCount) fail(`invalid repeat count: ${count[0]}`);
      if (character === ")") {
        if (groups.length === 1) fail("unexpected )");
        const held = groups.pop()!;
        groups[groups.length - 1] ||= held;
        closed = held;
      } else if (count !== null || "*+?".includes(character)) {
        nested ||= afterGroup;
        groups[groups.length - 1] = true;
      } else if (character === "|") groups[groups.length - 1] = true;
      if (character === "^" || character === "$") out += `(?:${character})`;
      else out += count?.[0] ?? literal(character);
      i += count?.[0].length ?? 1;
    }
  }
  if (inClass) fail("missing closing ]");
  if (groups.length > 1) fail("missing closing )");
  return { source: `^(?:${out})$`, nested };
}
