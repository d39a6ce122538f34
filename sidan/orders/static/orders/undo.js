// Counts the seconds in which it can be taken back, then shows what came of it.
customElements.define("confirm-undo", class extends HTMLElement {
  connectedCallback() {
    const said = this.querySelector(".undo__left"), end = Date.now() + 1000 * this.dataset.left;
    this.timer = setInterval(() => {
      const left = Math.ceil((end - Date.now()) / 1000);
      if (left > -2) said.textContent = this.dataset.words.replace("{n}", Math.max(left, 0));
      else { clearInterval(this.timer); location.reload(); }
    }, 1000);
  }
  disconnectedCallback() { clearInterval(this.timer); }
});
