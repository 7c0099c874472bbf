/** A report as one HTML file that needs nothing else: no script, no font, no picture from elsewhere; dark and light by the reader's system. */
import { chartStyle, writeChart } from "./chart.ts";
import type { Block, Inline, Line, ReportDocument } from "./document.ts";
import { escapeHtml } from "./escape.ts";

const style = `
:root { color-scheme: light dark; --text: light-dark(#161b24, #e7ebf2); --muted: light-dark(#566173, #9aa6b8); --ground: light-dark(#fff, #0d1117);
  --line: light-dark(#dfe4eb, #2f3947); --link: light-dark(#1a56c4, #7db4ff); --bad: light-dark(#b3182b, #ff8a94); --soft: light-dark(#eef1f5, #1c232e); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--ground); color: var(--text);
  font: 15px/1.55 ui-sans-serif, system-ui, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .5rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; } p { margin: .4rem 0; } h1, h2, h3, p, li { overflow-wrap: anywhere; } ul { margin: .4rem 0; padding-left: 1.2rem; }
a { color: var(--link); } code { font: .9em/1.4 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); } th { color: var(--muted); font-weight: 600; }
.strip { display: block; width: 100%; height: 14px; margin: .6rem 0; background: var(--soft); border-radius: 3px; } .strip rect { fill: var(--bad); }
${chartStyle}
@media print { body { max-width: none; padding: 0; } a { color: inherit; } }
`;

export function toHtml({ title, blocks }: ReportDocument): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
${blocks.map(writeBlock).join("\n")}
</main>
</body>
</html>
`;
}

function writeBlock(block: Block): string {
  switch (block.kind) {
    case "heading":
      return `<h${block.level}>${escapeHtml(block.text)}</h${block.level}>`;
    case "paragraph":
      return `<p>${writeLine(block.line)}</p>`;
    case "list":
      return `<ul>\n${block.items.map((item) => `<li>${writeLine(item)}</li>`).join("\n")}\n</ul>`;
    case "table": {
      const head = block.head.map((cell) => `<th scope="col">${escapeHtml(cell)}</th>`).join("");
      const rows = block.rows.map((cells) => `<tr>${cells.map((cell) => `<td>${writeLine(cell)}</td>`).join("")}</tr>`);
      return `<div class="scroll"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${rows.join("\n")}\n</tbody>\n</table></div>`;
    }
    case "chart":
      return writeChart(block);
    case "strip": {
      const width = 1000;
      const marks = block.marks.map(({ from, to }) => {
        const x = Math.max(0, from) * width;
        // A moment is still seen.
        return `<rect x="${x.toFixed(1)}" y="0" width="${Math.max(3, Math.min(1, to) * width - x).toFixed(1)}" height="14"/>`;
      });
      const label = escapeHtml(block.label);
      return `<svg class="strip" viewBox="0 0 ${width} 14" preserveAspectRatio="none" role="img" aria-label="${label}">${marks.join("")}</svg>`;
    }
  }
}

const writeLine = (line: Line): string => line.map(writeInline).join("");

function writeInline(inline: Inline): string {
  if (typeof inline === "string") return escapeHtml(inline);
  if ("strong" in inline) return `<strong>${escapeHtml(inline.strong)}</strong>`;
  if ("code" in inline) return `<code>${escapeHtml(inline.code)}</code>`;
  return `<a href="${escapeHtml(inline.href)}">${escapeHtml(inline.text)}</a>`;
}
