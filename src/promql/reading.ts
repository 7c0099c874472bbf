/** What the walk over the syntax tree carries along: the query and the way to fail at a place in it. */
import type { SyntaxNode } from "@lezer/common";
import { ForetraceError } from "../lib/errors.ts";

export type Reading = { readonly query: string; text(node: SyntaxNode): string; fail(position: number, message: string): never };

export function readingOf(query: string): Reading {
  return {
    query,
    text: (node) => query.slice(node.from, node.to),
    fail(position, message) {
      const before = query.slice(0, position);
      const line = before.split("\n").length;
      const column = position - (before.lastIndexOf("\n") + 1) + 1;
      throw new ForetraceError("bad_query", `${line}:${column}: ${message}`, { input: "query", offset: position, line });
    },
  };
}

/** Children of a node without comments. */
export function children(node: SyntaxNode): SyntaxNode[] {
  const all: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) if (child.name !== "LineComment") all.push(child);
  return all;
}
