// Says every 20 seconds that this page is open, and shows who else has it open and whether the order has moved meanwhile.
customElements.define("order-presence", class extends HTMLElement {
  connectedCallback() {
    const token = document.querySelector("[name=csrfmiddlewaretoken]"), box = this.firstElementChild;
    if (!token) return;
    const body = (more) => new URLSearchParams({ csrfmiddlewaretoken: token.value, version: this.dataset.version, ...more });
    const say = async () => {
      if (document.hidden) return;
      const answer = await fetch(this.dataset.href, { method: "POST", body: body({}), redirect: "error" }).catch(() => null);
      if (!answer || (answer.status !== 200 && answer.status !== 204)) return;
      const words = answer.status === 200 ? await answer.text() : "";
      if (words.trim() !== box.innerHTML.trim()) box.innerHTML = words;
    };
    say();
    this.timer = setInterval(say, 20000);
    document.addEventListener("visibilitychange", say);
    addEventListener("pagehide", () => navigator.sendBeacon(this.dataset.href, body({ leave: "1" })));
  }
  disconnectedCallback() { clearInterval(this.timer); }
});
