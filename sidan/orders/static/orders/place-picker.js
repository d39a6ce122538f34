// <place-picker>: a community that is chosen shows its estates at once, and a box finds communities by name.
// Without scripts the same form has a button that shows the estates.
customElements.define("place-picker", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", (event) => { if (event.target.name === "unit") { this.show(event.target.value); } });
    this.addEventListener("input", (event) => { if (event.target.matches("[data-filter]")) { this.find(event.target.value.trim()); } });
    this.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("[data-filter]")) { event.preventDefault(); }
    });
    this.ready();
  }
  ready() {
    this.querySelectorAll("[data-script]").forEach((one) => { one.hidden = false; });
    this.querySelectorAll("[data-plain]").forEach((one) => { one.hidden = true; });
  }
  async show(code) {
    try {
      const answer = await fetch(this.dataset.href + "?unit=" + encodeURIComponent(code));
      if (!answer.ok) { return; }
      this.innerHTML = await answer.text();
    } catch (away) { return; } // the choice stands, only the estates are missing
    this.ready();
    const chosen = this.querySelector(".at-place--chosen");
    if (chosen) { chosen.focus({ preventScroll: true }); chosen.scrollIntoView({ block: "nearest" }); }
  }
  find(words) {
    this.querySelectorAll(".town").forEach((town) => {
      town.removeAttribute("name"); // several may be open while one looks for a name
      const named = town.querySelector("summary").textContent.includes(words);
      let found = 0;
      town.querySelectorAll(".option").forEach((one) => {
        const fits = named || one.textContent.includes(words);
        one.hidden = !fits;
        found += fits ? 1 : 0;
      });
      town.hidden = !found;
      town.open = words !== "" && found > 0 && !named;
    });
  }
});
