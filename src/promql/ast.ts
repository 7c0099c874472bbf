/** The part of PromQL that is evaluated today: numbers, strings, arithmetic between numbers, and vector selectors. */
import type { Matcher } from "../store/ports.ts";

/** Offset of the construct's first character in the query. */
type Placed = { readonly position: number };
export type NumberLiteral = Placed & { readonly kind: "number"; readonly value: number };
export type StringLiteral = Placed & { readonly kind: "string"; readonly value: string };
export type Negation = Placed & { readonly kind: "negation"; readonly operand: ScalarExpr };
export type ScalarOperator = "+" | "-" | "*" | "/" | "%" | "^" | "atan2" | "==" | "!=" | ">" | "<" | ">=" | "<=";
export type Binary = Placed & {
  readonly kind: "binary";
  readonly operator: ScalarOperator;
  readonly left: ScalarExpr;
  readonly right: ScalarExpr;
};
export type Selector = Placed & {
  readonly kind: "selector";
  readonly matchers: readonly Matcher[];
  /** Samples are looked up this much earlier; negative looks into the future. */
  readonly offsetMillis: number;
};
export type ScalarExpr = NumberLiteral | Negation | Binary;
export type Expr = ScalarExpr | StringLiteral | Selector;
