/** The bearer token: kept for this tab only (sessionStorage), asked for when the service answers 401. */
import { h } from "../dom.ts";

const key = "foretrace.token";
export const storedToken = (): string | null => sessionStorage.getItem(key);

let pending: Promise<boolean> | undefined;
let declined = false;

/**
 * Asks once, however many requests wait for the answer. `refused` is the token that was not accepted: when another
 * one was entered since, that one is to be tried first. Resolves false when the reader declined; the page then
 * does not ask by itself again, see {@link askAgain}.
 */
export function askToken(refused: string | null): Promise<boolean> {
  if (storedToken() !== refused) return Promise.resolve(true);
  if (declined) return Promise.resolve(false);
  pending ??= show(refused !== null)
    .then((entered) => {
      declined = !entered;
      return entered;
    })
    .finally(() => {
      pending = undefined;
    });
  return pending;
}

/** The reader wants to try again: the next 401 asks anew. */
export const askAgain = (): void => {
  declined = false;
};

function show(wasWrong: boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const input = h("input", { type: "password", name: "token", autocomplete: "current-password", required: true, "aria-label": "Token" });
    const dialog = h(
      "dialog",
      { class: "dialog", "aria-labelledby": "token-title" },
      h(
        "form",
        { method: "dialog" },
        h("h2", { id: "token-title" }, "Token needed"),
        h("p", {}, wasWrong ? "That token was not accepted." : "This service is reachable beyond its own machine and asks for a token."),
        h("p", { class: "muted" }, "It is the one given to “foretrace serve”. It stays in this tab until you close it."),
        input,
        h(
          "div",
          { class: "dialog-actions" },
          h("button", { class: "button", type: "button", onclick: () => dialog.close("") }, "Cancel"),
          h("button", { class: "button primary", type: "submit", value: "ok" }, "Continue"),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      const token = input.value.trim();
      if (dialog.returnValue === "ok" && token !== "") sessionStorage.setItem(key, token);
      resolve(dialog.returnValue === "ok" && token !== "");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
