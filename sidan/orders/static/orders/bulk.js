// Picking rows: s picks the row that has the focus, "all" picks the page, and the number picked is said.
customElements.define("bulk-picks", class extends HTMLElement {
  connectedCallback() {
    const boxes = () => [...document.querySelectorAll("[form=bulk][name=pick]")], all = this.querySelector(".bulk__all");
    const count = this.querySelector(".bulk__count"), words = count.dataset.words;
    const say = () => {
      const n = boxes().filter((one) => one.checked).length;
      count.textContent = n ? words.replace("{n}", n) : "";
    };
    document.addEventListener("change", say);
    addEventListener("pageshow", say);
    all.addEventListener("click", (event) => {
      event.preventDefault();
      const on = boxes().some((one) => !one.checked);
      boxes().forEach((one) => { one.checked = on; });
      say();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "s" || !document.documentElement.hasAttribute("data-keys") || event.target.closest("input[type=text], textarea, select")) return;
      const row = document.activeElement.closest("tr"), box = row && row.querySelector("[name=pick]");
      if (box && !event.ctrlKey && !event.metaKey) { box.checked = !box.checked; say(); }
    });
  }
});
