// Photos: shown as soon as they are taken, and made smaller (2000 px at the longest side, JPEG) before they are sent.
(() => {
  "use strict";
  const LONGEST = 2000, SMALL = 400_000; // px; bytes below which a photo is sent as it is
  const en = document.documentElement.lang === "en";

  async function shrink(file) {
    const image = await createImageBitmap(file).catch(() => null);
    if (!image) return file; // not a picture this browser reads: the server judges it
    const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
    if (scale === 1 && file.size < SMALL) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.86));
    if (!blob || blob.size >= file.size) return file;
    const name = file.name.replace(/\.\w+$/, "") + ".jpg";
    return new File([blob], name, { type: "image/jpeg", lastModified: file.lastModified });
  }

  function show(input, files) {
    const out = input.closest(".photo").querySelector("output");
    out.querySelectorAll("img").forEach((i) => URL.revokeObjectURL(i.src));
    out.replaceChildren(...files.map((f, i) => {
      const img = document.createElement("img");
      img.src = URL.createObjectURL(f);
      img.alt = en ? `Photo ${i + 1}: ${f.name}` : `照片 ${i + 1}:${f.name}`;
      return img;
    }));
  }

  document.addEventListener("change", async (e) => {
    const input = e.target;
    if (!input.matches?.("input[data-photo]")) return;
    const buttons = input.form ? [...input.form.querySelectorAll("button:not([type=button])")] : [];
    buttons.forEach((b) => { b.disabled = true; }); // wait until the small ones stand in
    const files = await Promise.all([...input.files].map(shrink));
    const box = new DataTransfer();
    files.forEach((f) => box.items.add(f));
    input.files = box.files;
    show(input, files);
    buttons.forEach((b) => { b.disabled = false; });
  });
})();
