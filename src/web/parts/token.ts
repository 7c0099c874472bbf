/** The bearer token: kept for this tab only (sessionStorage), asked for when the service answers 401. */
import { h } from "../dom.ts";

const key = "foretrace.token";
export const storedToken = (): string | null => sessionStorage.getItem(key);

let pending: Promise<boolean> | undefined;

/** Asks once, however many requests wait for the answer. Resolves false when the reader declined. */
export function askToken(wasWrong: boolean): Promise<boolean> {
  pending ??= show(wasWrong).finally(() => {
    pending = undefined;
  });
  return pending;
}

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
