/** The switch between dark and light. */
import { h, icon } from "../dom.ts";
import { isDark, onTheme, toggleTheme } from "../theme.ts";

export function themeButton(): HTMLElement {
  const button = h("button", { class: "button icon-button", type: "button", onclick: toggleTheme });
  const show = (): void => {
    const label = isDark() ? "Light theme" : "Dark theme";
    button.title = label;
    button.setAttribute("aria-label", label);
    button.replaceChildren(icon(isDark() ? "sun" : "moon"));
  };
  show();
  onTheme(show);
  return button;
}
