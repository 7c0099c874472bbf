/** What the main thread and the database's thread say to each other. Bodies are whole batches of PostgreSQL's wire protocol. */

export type DatabaseOptions = { readonly folder: string | undefined };

export type ToDatabase =
  /** Frontend messages up to and including one Query or Sync; answered by an `answer`. */
  { readonly kind: "ask"; readonly bytes: Uint8Array } | { readonly kind: "close" };

export type FromDatabase =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly bytes: Uint8Array }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "closed" };
