/** What the shell needs of a page. */
export type Page = {
  /** Frees everything that would outlive the page: requests, observers, charts. */
  dispose(): void;
  /** Brings the data up to date in place; called every 15 s while the page is visible. */
  refresh?(): void;
  /** The address changed within the page (back, forward). Returns false when it cannot follow and must be made anew. */
  follow?(params: URLSearchParams): boolean;
};

export type Shell = {
  setTitle(title: string): void;
  /** Goes to an address of the page as a link would. */
  go(href: string): void;
};
