// One tap: the number is asked for by a POST that the journal keeps, then dialled; it stays to be seen until the page is left.
customElements.define("call-resident", class extends HTMLElement {
  connectedCallback() {
    const form = this.querySelector("form"), after = this.querySelector(".call__after");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation(); // the form may be sent again
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" } })
        .catch(() => null);
      if (!answer || !answer.ok) { HTMLFormElement.prototype.submit.call(form); return; }
      const { phone } = await answer.json(), link = document.createElement("a");
      link.href = `tel:${phone}`;
      link.className = "tel";
      link.textContent = phone;
      form.replaceChildren(link);
      if (after) after.hidden = false;
      link.click();
    });
  }
});
