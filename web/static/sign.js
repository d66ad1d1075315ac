// Signatures: drawn with finger, pen or mouse, or typed and drawn in the name's place. The hidden input holds the PNG.
(() => {
  "use strict";
  const INK = "#1b2430";

  function pad(box) {
    if (box.dataset.ready) return;
    box.dataset.ready = "1";
    const canvas = box.querySelector("canvas"), value = box.querySelector("[type=hidden]");
    const typed = box.querySelector("[type=text]"), pen = canvas.getContext("2d");
    const clear = () => { pen.clearRect(0, 0, canvas.width, canvas.height); value.value = ""; };
    const keep = () => { value.value = canvas.toDataURL("image/png"); };
    const at = (e) => {
      const r = canvas.getBoundingClientRect();
      return [(e.clientX - r.left) * canvas.width / r.width, (e.clientY - r.top) * canvas.height / r.height];
    };
    let drawing = false;
    canvas.addEventListener("pointerdown", (e) => {
      e.preventDefault();
      if (typed.value) { typed.value = ""; clear(); }
      canvas.setPointerCapture(e.pointerId);
      drawing = true;
      Object.assign(pen, { strokeStyle: INK, lineWidth: 3.5, lineCap: "round", lineJoin: "round" });
      pen.beginPath();
      pen.moveTo(...at(e));
    });
    canvas.addEventListener("pointermove", (e) => {
      if (!drawing) return;
      for (const p of e.getCoalescedEvents?.() ?? [e]) pen.lineTo(...at(p));
      pen.stroke();
    });
    const lift = () => { if (drawing) { drawing = false; keep(); } };
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);
    typed.addEventListener("input", () => {
      clear();
      const name = typed.value.trim();
      if (!name) return;
      Object.assign(pen, { fillStyle: INK, textAlign: "center", textBaseline: "middle", font: `88px "Kaiti SC","KaiTi",serif` });
      pen.fillText(name, canvas.width / 2, canvas.height / 2, canvas.width - 40);
      keep();
    });
    box.querySelector("[data-sign-clear]").addEventListener("click", () => { typed.value = ""; clear(); });
    if (value.value.startsWith("data:image/png")) { // the form came back: what was signed stays
      const was = new Image();
      was.onload = () => pen.drawImage(was, 0, 0);
      was.src = value.value;
    }
  }

  const ready = () => document.querySelectorAll("[data-sign]").forEach(pad);
  document.addEventListener("huiyin:ready", ready);
  ready();
})();
