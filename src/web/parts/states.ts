/** Loading, empty and failed: each says what is going on and what to do next. */
import { ApiFailure } from "../api.ts";
import { h, icon } from "../dom.ts";
import { askAgain } from "./token.ts";
import { uploadButton } from "./upload.ts";

export const loading = (what: string): HTMLElement =>
  h("div", { class: "state", role: "status" }, h("span", { class: "spinner", "aria-hidden": "true" }), `Loading ${what} …`);

/** An error with its remedy and a way to try again. */
export function failed(error: unknown, retry?: () => void): HTMLElement {
  const known = error instanceof ApiFailure;
  const again = (): void => {
    askAgain();
    retry?.();
  };
  return h(
    "div",
    { class: "state failed", role: "alert" },
    icon("alert"),
    h(
      "div",
      {},
      h("p", { class: "state-title" }, known ? error.message : "The page could not show this."),
      h("p", { class: "muted" }, known ? error.remedy : String(error instanceof Error ? error.message : error)),
      h(
        "div",
        { class: "button-row" },
        retry === undefined ? null : h("button", { class: "button", type: "button", onclick: again }, "Try again"),
        known && error.status === 404 ? h("a", { class: "button", href: "/" }, "To the targets") : null,
      ),
    ),
  );
}

export const nothing = (title: string, hint: string): HTMLElement =>
  h("div", { class: "state" }, h("div", {}, h("p", { class: "state-title" }, title), h("p", { class: "muted" }, hint)));

/** How the first trace gets in: take one, send it. */
export function firstTrace(target: string, onUploaded: () => void): HTMLElement {
  return h(
    "section",
    { class: "welcome" },
    h("h1", {}, "No traces yet"),
    h("p", { class: "lead" }, "Foretrace learns from execution traces of a Go service. Send it the first one:"),
    h(
      "ol",
      { class: "steps" },
      h(
        "li",
        {},
        h("p", {}, "Take five seconds of trace from a service that serves ", h("code", {}, "net/http/pprof"), ":"),
        command("curl -o trace.out 'http://localhost:6060/debug/pprof/trace?seconds=5'"),
      ),
      h("li", {}, h("p", {}, "Upload it under the name of the service:"), command(uploadCommand(target))),
    ),
    h("p", { class: "muted" }, "Or choose the file here. Nothing leaves this machine but to Foretrace itself."),
    uploadButton(target, onUploaded),
  );
}

export const uploadCommand = (target: string): string =>
  `curl --data-binary @trace.out -H 'content-type: application/octet-stream' '${location.origin}/api/foretrace/v1/traces?target=${encodeURIComponent(target)}'`;

/** A command line with a copy button. */
export function command(text: string): HTMLElement {
  const said = h("span", { class: "visually-hidden", role: "status" });
  const button = h(
    "button",
    {
      class: "button icon-button",
      type: "button",
      "aria-label": "Copy the command",
      title: "Copy",
      onclick: () => void copy(),
    },
    icon("copy"),
  );
  const code = h("code", { tabindex: 0 }, text);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = "Copied";
      button.classList.add("done");
      setTimeout(() => button.classList.remove("done"), 1200);
    } catch {
      // Browsers give the clipboard to secure origins only: the text is selected for the reader's own copy key.
      getSelection()?.selectAllChildren(code);
      said.textContent = "Selected";
    }
  };
  return h("div", { class: "command" }, code, button, said);
}
