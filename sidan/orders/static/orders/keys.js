// One letter does what a button says: every element with `data-key` is pressed by that key; j and k walk the rows of a list.
customElements.define("desk-keys", class extends HTMLElement {
  connectedCallback() {
    // After the browser's own jump to the row, which takes the focus away.
    addEventListener("pageshow", () => setTimeout(() => {
      const row = location.hash.startsWith("#row-") && document.getElementById(location.hash.slice(1));
      if (row) row.querySelector("a").focus();
    }));
    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("textarea, select, input:not([type=radio]):not([type=checkbox])");
      if (event.key === "Escape" && typing) typing.blur();
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      const off = !document.documentElement.hasAttribute("data-keys") || this.querySelector("dialog[open]");
      if ((!off || event.key === "?") && this.press(event.key)) event.preventDefault();
    });
  }
  press(key) {
    const found = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!found) return (key === "j" || key === "k") && this.walk(key === "j" ? 1 : -1);
    if (found.matches("input:not([type=checkbox])")) found.focus();
    else if (found.matches("summary")) this.enter(found.parentElement);
    else found.click();
    return true;
  }
  // A form opens at what is empty; else at its button.
  enter(form) {
    form.open = true;
    const empty = [...form.querySelectorAll("[aria-required]")].find((one) => !one.value);
    (empty || form.querySelector("form button:not([type=button])")).focus();
  }
  walk(by) {
    const rows = [...document.querySelectorAll("tr[id^=row-]")];
    if (!rows.length) return false;
    const now = rows.findIndex((one) => one.contains(document.activeElement));
    const to = rows[Math.max(0, Math.min(rows.length - 1, now < 0 ? 0 : now + by))];
    to.querySelector(".cases__title").focus();
    to.scrollIntoView({ block: "nearest" });
    return true;
  }
});
