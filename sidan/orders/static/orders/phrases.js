// A form of words goes into the box beside what stands there; without this script its link opens the page with the words in it.
customElements.define("fill-words", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const link = event.target.closest("[data-words]"), box = document.getElementById(this.dataset.into);
      if (!link || !box) return;
      event.preventDefault();
      box.value = box.value.trim() ? `${box.value.trimEnd()}\n${link.dataset.words}` : link.dataset.words;
      box.dispatchEvent(new Event("input", { bubbles: true }));
      box.focus();
    });
  }
});
