// Keeps what is typed on this telephone until the server has it: a page closed in the middle loses nothing, for seven days.
// A form names its own words in `data-keep`, and in `data-arrived` those that have arrived. Pages work without this.
(function () {
  "use strict";
  var AGE = 7 * 24 * 3600 * 1000, store;
  try { store = window.localStorage; store.getItem(""); } catch (refused) { return; }
  function key(name) { return "sidan.words." + name; }
  function forget(names) { names.split(" ").forEach(function (name) { store.removeItem(key(name)); }); }
  function texts(form) {
    return Array.prototype.filter.call(form.elements, function (one) {
      return one.name && (one.tagName === "TEXTAREA" || /^(text|tel)$/.test(one.type));
    });
  }
  document.querySelectorAll("form[data-arrived]").forEach(function (form) {
    if (form.className !== "begin-anew") { forget(form.dataset.arrived); return; }
    form.addEventListener("submit", function () { forget(form.dataset.arrived); });
  });
  var form = document.querySelector("form[data-keep]");
  if (!form) { return; }
  var name = form.dataset.keep, kept = null;
  try { kept = JSON.parse(store.getItem(key(name))); } catch (broken) { kept = null; }
  if (kept && Date.now() - kept.at < AGE) {
    texts(form).forEach(function (one) {
      if (typeof kept.words[one.name] === "string" && kept.words[one.name] !== one.value) {
        one.value = kept.words[one.name];
        one.dispatchEvent(new Event("input", { bubbles: true }));
      }
    });
  }
  form.addEventListener("input", function () {
    var words = {};
    texts(form).forEach(function (one) { words[one.name] = one.value; });
    try { store.setItem(key(name), JSON.stringify({ at: Date.now(), words: words })); } catch (full) { forget(name); }
  });
}());
