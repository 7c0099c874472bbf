/** Uploads a trace file chosen in the browser. */
import { ApiFailure, apiUrl, request } from "../api.ts";
import { h, icon } from "../dom.ts";
import { formatBytes } from "../format.ts";
import { traceHref } from "../url.ts";

/** A button that opens a file dialog and sends the file as a trace of `target`; says how it went beside itself. */
export function uploadButton(target: string, onUploaded: () => void): HTMLElement {
  const said = h("span", { class: "upload-said muted", role: "status" });
  const input = h("input", { type: "file", class: "visually-hidden", tabindex: -1, "aria-hidden": "true" });
  const button = h("button", { class: "button primary", type: "button", onclick: () => input.click() }, icon("upload"), "Upload a trace");
  const send = async (file: File): Promise<void> => {
    const headers = { "content-type": "application/octet-stream" };
    const response = await request(apiUrl("traces", { target }), { method: "POST", headers, body: file });
    const answer = (await response.json()) as { id: string; created?: boolean };
    const words = answer.created === false ? "This trace was already there." : "Stored. Its series appear in a moment.";
    said.replaceChildren(words, " ", h("a", { href: traceHref(answer.id) }, "Open its timeline"));
    onUploaded();
  };
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (file === undefined) return;
    button.disabled = true;
    said.textContent = `Sending ${file.name}, ${formatBytes(file.size)} …`;
    send(file)
      .catch((error: unknown) => {
        said.textContent = error instanceof ApiFailure ? error.message : "The upload did not go through.";
      })
      .finally(() => {
        button.disabled = false;
        input.value = "";
      });
  });
  return h("div", { class: "upload" }, button, input, said);
}
