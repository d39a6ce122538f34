// The table of keys, and the switch that turns single keys off: some people's hands or voices press them unawares.
customElements.define("keys-help", class extends HTMLElement {
  connectedCallback() {
    const help = this.querySelector("dialog"), off = this.querySelector("[type=checkbox]"), open = this.querySelector("button");
    const set = () => document.documentElement.toggleAttribute("data-keys", !off.checked);
    try { off.checked = localStorage.getItem("keys") === "off"; } catch { /* a browser that keeps nothing */ }
    off.addEventListener("change", () => {
      try { localStorage.setItem("keys", off.checked ? "off" : "on"); } catch { /* the same */ }
      set();
    });
    open.hidden = !help.showModal;
    open.addEventListener("click", () => (help.open ? help.close() : help.showModal()));
    set();
  }
});
