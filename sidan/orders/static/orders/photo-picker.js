// <photo-picker>: photos are made small here (1600 px, nothing but pixels), sent one after another while one goes on
// writing, and can be sent again. What has not arrived when the form is sent travels with the form.
(function () {
  "use strict";
  const BYTES = 300 * 1024;
  function made(tag, words) { const one = document.createElement(tag); one.textContent = words || ""; return one; }
  async function small(file) {
    const image = new Image(), canvas = made("canvas");
    let side = 1600, quality = 0.8, drawn = 0, blob = null;
    image.src = URL.createObjectURL(file);
    try { await image.decode(); } catch (unreadable) { return file; } // the server says what is wrong with it
    for (let tries = 0; tries < 4; tries += 1) {
      if (drawn !== side) {
        const scale = Math.min(1, side / Math.max(image.naturalWidth, image.naturalHeight));
        canvas.width = Math.round(image.naturalWidth * scale);
        canvas.height = Math.round(image.naturalHeight * scale);
        canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
        drawn = side;
      }
      blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
      const ratio = blob ? BYTES / blob.size : 1;
      if (ratio >= 1) { break; }
      // How much a lower quality saves is known well enough; what it cannot save, fewer pixels do.
      if (ratio > 0.45 && quality > 0.5) { quality = ratio > 0.65 ? 0.55 : 0.35; } else { side = Math.round(side * Math.sqrt(ratio) * 0.9); quality = 0.6; }
    }
    URL.revokeObjectURL(image.src);
    return blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  }
  customElements.define("photo-picker", class extends HTMLElement {
    connectedCallback() {
      this.form = this.closest("form");
      this.list = this.querySelector("ul");
      this.box = this.querySelector("input[type=file]");
      this.line = Promise.resolve();
      this.box.addEventListener("change", () => this.take());
      this.list.addEventListener("click", (event) => this.press(event));
      this.form.addEventListener("submit", () => this.carry());
      this.box.classList.add("unseen"); // a large button stands for it; the keyboard still reaches it
      this.querySelector(".photo-choose").hidden = false;
    }
    take() {
      const files = Array.from(this.box.files), room = this.dataset.most - this.list.children.length;
      this.box.value = "";
      files.slice(0, room).forEach((file) => this.add(file));
      this.note(files.length > room ? this.dataset.full : "");
      this.tidy();
    }
    note(words) {
      this.said = this.said || this.appendChild(made("p"));
      this.said.className = "muted small";
      this.said.setAttribute("role", "status");
      this.said.textContent = words;
    }
    tidy() {
      this.list.hidden = !this.list.children.length;
      this.querySelector(".photo-more").hidden = this.list.children.length >= this.dataset.most;
    }
    add(file) {
      const item = made("li"), image = made("img"), again = made("button", this.dataset.again), off = made("button", this.dataset.remove);
      image.src = URL.createObjectURL(file);
      image.alt = "";
      item.state = made("span");
      item.state.className = "photo-state";
      item.bar = made("progress");
      item.bar.max = 1;
      again.className = off.className = "btn btn--small";
      again.type = off.type = "button";
      again.dataset.do = "again";
      off.dataset.do = "off";
      again.hidden = true;
      item.again = again;
      item.append(image, item.bar, item.state, again, off);
      this.list.append(item);
      item.file = file;
      item.ready = small(file).then((lesser) => { item.file = lesser; });
      this.queue(item);
    }
    queue(item) {
      item.again.hidden = true;
      item.bar.hidden = false;
      item.wait = true;
      item.state.textContent = this.dataset.sending;
      this.line = this.line.then(() => item.ready).then(() => this.send(item)).then(null, (why) => (why ? Promise.reject(why) : this.send(item))).then(
        () => { item.state.textContent = this.dataset.done; },
        (why) => { item.state.textContent = why || this.dataset.failed; item.again.hidden = false; }
      ).then(() => { item.wait = false; item.bar.hidden = true; });
    }
    send(item) {
      return new Promise((done, failed) => {
        const body = new FormData(), asked = new XMLHttpRequest();
        if (!item.isConnected || item.dataset.name) { done(); return; }
        body.append("photo", item.file);
        body.append("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
        asked.open("POST", this.dataset.href);
        asked.responseType = "json";
        asked.timeout = 30000;
        asked.upload.onprogress = (event) => { if (event.lengthComputable) { item.bar.value = event.loaded / event.total; } };
        asked.onload = () => {
          const said = asked.response || {};
          if (asked.status === 201) { item.dataset.name = said.name; done(); } else { failed(said.said); }
        };
        asked.onerror = asked.ontimeout = () => failed("");
        asked.send(body);
      });
    }
    press(event) {
      const button = event.target.closest("button"), item = button && button.closest("li");
      if (!item) { return; }
      if (button.dataset.do === "again") { this.queue(item); return; }
      event.preventDefault();
      if (item.dataset.name) {
        const body = new FormData();
        body.append("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
        fetch(this.dataset.href + item.dataset.name + "/removal/", { method: "POST", body });
      }
      item.remove();
      this.tidy();
      this.box.focus();
    }
    carry() {
      const late = Array.from(this.list.children).filter((item) => item.wait && item.file);
      if (!late.length || !window.DataTransfer) { return; }
      const bag = new DataTransfer();
      late.forEach((item) => bag.items.add(item.file));
      this.box.files = bag.files;
    }
  });
}());
