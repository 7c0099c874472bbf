/** A report as plain structure, written out as Markdown and as HTML, so that both say the same. */

export type Inline = string | { readonly strong: string } | { readonly code: string } | { readonly text: string; readonly href: string };
/** One cell or sentence. */
export type Line = readonly Inline[];

export type Block =
  | { readonly kind: "heading"; readonly level: 1 | 2 | 3; readonly text: string }
  | { readonly kind: "paragraph"; readonly line: Line }
  | { readonly kind: "list"; readonly items: readonly Line[] }
  | { readonly kind: "table"; readonly head: readonly string[]; readonly rows: readonly (readonly Line[])[] }
  /** When something happened within the report's range; left out of Markdown, whose tables say it too. Shares of the range, 0..1. */
  | { readonly kind: "strip"; readonly label: string; readonly marks: readonly Mark[] }
  /** Lines over the range; left out of Markdown. */
  | {
      readonly kind: "chart";
      readonly title: string;
      /** Words for the highest value, and for both ends of the range. */
      readonly top: string;
      readonly begin: string;
      readonly end: string;
      /** Points at equal distances, as shares of the highest value, 0..1; NaN = not known. */
      readonly lines: readonly { readonly label: string; readonly points: readonly number[] }[];
      readonly marks: readonly Mark[];
    };

/** Shares of the range, 0..1. */
type Mark = { readonly from: number; readonly to: number };

export type ReportDocument = { readonly title: string; readonly blocks: readonly Block[] };
