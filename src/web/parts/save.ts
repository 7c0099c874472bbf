/** Addresses of the service that a link alone reaches only while no token is in use. */
import { ApiFailure, request } from "../api.ts";
import { h } from "../dom.ts";
import { storedToken } from "./token.ts";

/**
 * A link cannot carry the token: while one is in use, a click fetches what the link leads to and saves it as `name`.
 * `onFailure` gets the reason in words.
 */
export function carryToken(link: HTMLAnchorElement, name: string, onFailure: (reason: string) => void): void {
  link.addEventListener("click", (event) => {
    if (storedToken() === null) return;
    event.preventDefault();
    saveWithToken(link.href, name).catch((error: unknown) => onFailure(error instanceof ApiFailure ? error.message : String(error)));
  });
}

/** @throws ApiFailure */
async function saveWithToken(href: string, name: string): Promise<void> {
  const response = await request(href);
  const url = URL.createObjectURL(await response.blob());
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
