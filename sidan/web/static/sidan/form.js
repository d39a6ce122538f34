// Two small kindnesses; every form works without them.
// A pressed button waits for its answer, and a long text says how many characters are left.
(function () {
  "use strict";
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.getAttribute("data-sent") === "yes") { event.preventDefault(); return; }
    form.setAttribute("data-sent", "yes");
    // The button is disabled a moment later, so that its own name and value still travel with the form.
    var pressed = event.submitter || form.querySelector("button");
    window.setTimeout(function () {
      if (pressed) { pressed.setAttribute("data-busy", ""); }
      Array.prototype.forEach.call(form.querySelectorAll("button"), function (button) { button.disabled = true; });
    }, 0);
  });
  // A page that comes back from the browser's own store must be usable again.
  window.addEventListener("pageshow", function () {
    Array.prototype.forEach.call(document.querySelectorAll("form[data-sent]"), function (form) {
      form.removeAttribute("data-sent");
      Array.prototype.forEach.call(form.querySelectorAll("button"), function (button) {
        button.disabled = false;
        button.removeAttribute("data-busy");
      });
    });
  });
  Array.prototype.forEach.call(document.querySelectorAll("[data-max]"), function (box) {
    var note = document.getElementById(box.id + "-left");
    if (!note) { return; }
    var max = parseInt(box.getAttribute("data-max"), 10);
    var words = note.getAttribute("data-words");
    function say() {
      var left = max - Array.from(box.value).length;
      note.hidden = left > max / 5;
      note.textContent = words.replace("{n}", String(left));
    }
    box.addEventListener("input", say);
    say();
  });
}());
