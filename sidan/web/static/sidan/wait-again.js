// <wait-again data-seconds="42" data-words="{n} ...">: its button rests until another message may be asked for.
// Without this script the button stands, and the server says how long to wait.
(function () {
  "use strict";
  if (!window.customElements) { return; }
  window.customElements.define("wait-again", class extends HTMLElement {
    connectedCallback() {
      var button = this.querySelector("button");
      var left = parseInt(this.getAttribute("data-seconds"), 10) || 0;
      var words = this.getAttribute("data-words");
      if (!button || left <= 0) { return; }
      var own = button.textContent;
      var until = Date.now() + left * 1000;
      button.disabled = true;
      var timer = window.setInterval(function () {
        left = Math.ceil((until - Date.now()) / 1000);
        if (left > 0) { button.textContent = words.replace("{n}", String(left)); return; }
        window.clearInterval(timer);
        button.textContent = own;
        button.disabled = false;
      }, 250);
    }
  });
}());
