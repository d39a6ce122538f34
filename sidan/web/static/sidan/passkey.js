// <passkey-button>: asks the browser for a passkey and sends its answer with the form.
// Without script or passkeys it stays hidden; the code does the same.
(function () {
  "use strict";
  if (!window.customElements || !window.PublicKeyCredential) { return; }
  function bytes(text) {
    var raw = window.atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(raw, function (one) { return one.charCodeAt(0); });
  }
  function text(buffer) {
    var raw = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return window.btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function read(one) { one.id = bytes(one.id); }
  function told(key) {
    var said = { clientDataJSON: text(key.response.clientDataJSON) };
    ["attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (key.response[name]) { said[name] = text(key.response[name]); }
    });
    return JSON.stringify({ id: key.id, rawId: text(key.rawId), type: key.type, response: said, clientExtensionResults: {} });
  }
  window.customElements.define("passkey-button", class extends HTMLElement {
    connectedCallback() {
      var self = this, button = this.querySelector("button"), note = this.querySelector("[role=status]");
      this.hidden = false;
      button.addEventListener("click", function () {
        var ask = JSON.parse(self.getAttribute("data-ask")), make = self.getAttribute("data-do") === "create";
        ask.challenge = bytes(ask.challenge);
        if (ask.user) { read(ask.user); }
        (ask.excludeCredentials || []).concat(ask.allowCredentials || []).forEach(read);
        navigator.credentials[make ? "create" : "get"]({ publicKey: ask }).then(function (key) {
          var field = self.querySelector("input[name=passkey]");
          field.value = told(key);
          field.form.submit();
        }, function () { note.hidden = false; });
      });
    }
  });
}());
