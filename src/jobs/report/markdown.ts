/** A report as Markdown (CommonMark with tables). Names come from outside: nothing in them may become markup. */
import type { Block, Inline, Line, ReportDocument } from "./document.ts";

export function toMarkdown({ blocks }: ReportDocument): string {
  return `${blocks.flatMap((block) => writeBlock(block) ?? []).join("\n\n")}\n`;
}

function writeBlock(block: Block): string | undefined {
  switch (block.kind) {
    case "heading":
      return `${"#".repeat(block.level)} ${escapeText(block.text)}`;
    case "paragraph":
      return writeLine(block.line);
    case "list":
      return block.items.map((item) => `- ${writeLine(item)}`).join("\n");
    case "table": {
      const head = [row(block.head.map(escapeText)), row(block.head.map(() => "---"))];
      return [...head, ...block.rows.map((cells) => row(cells.map(writeLine)))].join("\n");
    }
    case "strip":
    case "chart":
      return undefined;
  }
}

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const writeLine = (line: Line): string => line.map(writeInline).join("");

function writeInline(inline: Inline): string {
  if (typeof inline === "string") return escapeText(inline);
  if ("strong" in inline) return `**${escapeText(inline.strong)}**`;
  if ("code" in inline) return writeCode(inline.code);
  return `[${escapeText(inline.text)}](<${inline.href.replaceAll(/[<>\s\\]/g, encodeURIComponent)}>)`;
}

const escapeText = (text: string): string => oneLine(text).replaceAll(/[\\`*_{}[\]<>#|~!&]/g, "\\$&");

/** A code span with a fence longer than any run of backticks in it; a bar would end a table's cell even there. */
function writeCode(text: string): string {
  const content = oneLine(text).replaceAll("|", "\\|");
  const longest = Math.max(0, ...[...content.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const pad = longest > 0 ? " " : "";
  return content === "" ? "" : `${fence}${pad}${content}${pad}${fence}`;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ");
