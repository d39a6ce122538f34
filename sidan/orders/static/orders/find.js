// The key / leads to the search box from anywhere but a field that is being written in.
document.addEventListener("keydown", function (event) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  var at = document.activeElement;
  if (at && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName))) return;
  var box = document.getElementById("find");
  if (!box || !box.offsetParent) return;
  event.preventDefault();
  box.focus();
  box.select();
});
