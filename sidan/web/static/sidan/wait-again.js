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
      function show() {
        left = Math.ceil((until - Date.now()) / 1000);
        button.disabled = left > 0;
        button.textContent = left > 0 ? words.replace("{n}", String(left)) : own;
        if (left <= 0) { window.clearInterval(timer); }
      }
      var timer = window.setInterval(show, 250);
      show();
    }
  });
}());
