// Looks again after some seconds, while the page is seen.
customElements.define("wait-for", class extends HTMLElement {
  connectedCallback() {
    this.timer = setInterval(() => { if (!document.hidden) location.reload(); }, 1000 * this.dataset.seconds);
  }
  disconnectedCallback() { clearInterval(this.timer); }
});
