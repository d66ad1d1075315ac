// What the pages do in the browser. No eval, no inline handlers: everything hangs on data attributes and is delegated
// from the document, so that what htmx swaps in works at once.
(() => {
  "use strict";
  const doc = document, en = doc.documentElement.lang === "en";
  const all = (sel, root = doc) => [...root.querySelectorAll(sel)];
  const on = (type, sel, fn, opt) => doc.addEventListener(type, (e) => {
    const el = e.target instanceof Element && e.target.closest(sel);
    if (el) fn(el, e);
  }, opt);

  // ---- countdowns: the server's now, not this computer's
  const now = doc.querySelector('meta[name="now"]');
  const skew = now ? Number(now.content) - Date.now() : 0;
  const plural = (m) => {
    if (m < 60) return en ? `${m} min` : `${m} 分`;
    if (m < 1440) {
      const h = Math.floor(m / 60), r = m % 60;
      return en ? `${h} h${r ? ` ${r} min` : ""}` : `${h} 小时${r ? ` ${r} 分` : ""}`;
    }
    const d = Math.floor(m / 1440);
    return en ? `${d} day${d > 1 ? "s" : ""}` : `${d} 天`;
  };
  const left = (ms) => {
    if (ms <= 0) return en ? `${plural(Math.floor(-ms / 6e4))} late` : `超时 ${plural(Math.floor(-ms / 6e4))}`;
    const s = Math.floor(ms / 1e3);
    const t = s < 3600 ? `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}` : plural(Math.floor(s / 60));
    return en ? `${t} left` : `还剩 ${t}`;
  };
  const tick = () => {
    if (doc.hidden) return;
    for (const el of all("[data-due]")) {
      const ms = Number(el.dataset.due) - Date.now() - skew, text = left(ms);
      if (el.textContent !== text) el.textContent = text;
      const tone = ms <= 0 ? "late" : ms < 36e5 ? "warn" : "run";
      if (!el.classList.contains("p-" + tone)) {
        el.classList.remove("p-run", "p-warn", "p-late");
        el.classList.add("p-" + tone);
      }
    }
  };
  setInterval(tick, 1000);

  // ---- live parts: one connection, none while hidden, two refreshes a second at most
  const url = doc.body.dataset.liveUrl;
  let source = null, timer = 0, last = 0;
  const heard = new Set(), listening = new Set();
  const refresh = () => {
    timer = 0;
    last = Date.now();
    const topics = new Set(heard);
    heard.clear();
    for (const el of all("[data-live]")) {
      if (el.contains(doc.activeElement) && doc.activeElement.matches("input,select,textarea,summary")) continue;
      if (el.dataset.live.split(" ").some((t) => topics.has(t))) window.htmx?.trigger(el, "live");
    }
  };
  const hear = (topic) => {
    heard.add(topic);
    timer ||= setTimeout(refresh, Math.max(0, 500 - (Date.now() - last)));
  };
  const listen = () => {
    if (!source) return;
    for (const topic of all("[data-live]").flatMap((el) => el.dataset.live.split(" "))) {
      if (listening.has(topic)) continue;
      listening.add(topic);
      source.addEventListener(topic, () => hear(topic));
    }
  };
  const connect = () => {
    if (!url || source || doc.hidden || !doc.querySelector("[data-live]")) return;
    source = new EventSource(url);
    listen();
  };
  const disconnect = () => {
    source?.close();
    source = null;
    listening.clear();
  };
  doc.addEventListener("visibilitychange", () => {
    if (doc.hidden) return disconnect();
    tick();
    if (url && !source) for (const el of all("[data-live]")) el.dataset.live.split(" ").forEach(hear);
    connect();
  });
  addEventListener("pagehide", disconnect);

  // ---- scripts that only some pages need, each once
  const loaded = new Set();
  const need = (root) => all("[data-need]", root).forEach((el) => {
    if (loaded.has(el.dataset.need)) return;
    loaded.add(el.dataset.need);
    const s = doc.createElement("script");
    s.src = el.dataset.need;
    doc.head.append(s);
  });

  const ready = () => {
    need(doc);
    connect();
    listen();
    doc.dispatchEvent(new Event("huiyin:ready"));
  };
  doc.addEventListener("htmx:load", ready);
  ready();

  // ---- keys
  const typing = (el) => el.matches("input,select,textarea,[contenteditable]");
  doc.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (e.key === "Escape") return all("[data-menu][open]").forEach((m) => {
      m.open = false;
      m.querySelector("summary").focus();
    });
    if (typing(e.target)) return;
    if (e.key === "/") {
      const find = doc.querySelector("[data-find]");
      if (find) { e.preventDefault(); find.focus(); find.select(); }
    }
    if (e.key === "j" || e.key === "k") doc.querySelector(`[data-key=${e.key}]`)?.click();
    if (e.key.startsWith("Arrow")) arrow(e);
  });
  // arrow moves between the cells of a plan; up and down keep the place in the floor.
  const arrow = (e) => {
    const cell = e.target.closest("[data-picks] a");
    if (!cell) return;
    const floor = cell.closest(".floor"), at = all("a", floor).indexOf(cell);
    const cells = all("a", cell.closest("[data-picks]"));
    const to = (f) => f && all("a", f)[Math.min(at, all("a", f).length - 1)];
    const next = {
      ArrowLeft: cells[cells.indexOf(cell) - 1], ArrowRight: cells[cells.indexOf(cell) + 1],
      ArrowUp: to(floor.previousElementSibling), ArrowDown: to(floor.nextElementSibling),
    }[e.key];
    if (next) { e.preventDefault(); next.focus(); }
  };
  on("click", "[data-picks] a", (el) => {
    all("[aria-current]", el.closest("[data-picks]")).forEach((o) => o.removeAttribute("aria-current"));
    el.setAttribute("aria-current", "true");
  });

  // ---- menus, dialogs
  doc.addEventListener("click", (e) => all("[data-menu][open]").forEach((m) => {
    if (!m.contains(e.target)) m.open = false;
  }));
  on("click", "[data-open]", (el) => doc.getElementById(el.dataset.open)?.showModal());
  on("click", "[data-print]", () => print());
  on("click", "[data-close]", (el) => el.closest("dialog")?.close());
  for (const d of all("dialog:has(.problem)")) d.showModal(); // it came back with errors

  // ---- forms: sent once, however often the button is pressed
  doc.addEventListener("submit", (e) => {
    const form = e.target;
    if (e.defaultPrevented || !form.matches("[data-guard]")) return;
    if (form.dataset.sent) return e.preventDefault();
    if (form.elements._idem) { // who comes back to a form by the back button may not know that it went off
      const again = en ? "This form has been sent already. Send it once more?" : "这张表已经提交过一次,确定再提交一次?";
      if (history.state?.sent === form.action && !confirm(again)) return e.preventDefault();
      history.replaceState({ ...history.state, sent: form.action }, "");
    }
    form.dataset.sent = "1";
    setTimeout(() => all("button:not([type=button])", form).forEach((b) => {
      b.disabled = true;
      b.setAttribute("aria-busy", "true");
    }));
  });
  const unguard = (root) => all("[data-guard]", root).forEach((form) => {
    delete form.dataset.sent;
    all("[aria-busy]", form).forEach((b) => { b.disabled = false; b.removeAttribute("aria-busy"); });
  });
  addEventListener("pageshow", (e) => e.persisted && unguard(doc));
  doc.addEventListener("htmx:afterRequest", () => unguard(doc));
  on("change", "form[data-auto] select, form[data-auto] :is([type=radio],[type=checkbox])", (el) => el.form.requestSubmit());
  on("change", "[data-all]", (el) => all(`[name="${el.dataset.all}"]`).forEach((b) => { b.checked = el.checked; }));

  // ---- rows of a repeated group
  on("click", "[data-row-add]", (el) => {
    const box = el.closest("[data-rows]"), n = box.dataset.rows++;
    const row = box.querySelector("template").content.cloneNode(true);
    for (const part of all("*", row)) for (const a of [...part.attributes]) {
      if (a.value.includes("__i__")) part.setAttribute(a.name, a.value.replaceAll("__i__", n));
    }
    const body = box.querySelector("tbody");
    body.append(row);
    body.lastElementChild.querySelector("input,select,textarea")?.focus();
    ready();
  });
  on("click", "[data-row-drop]", (el) => {
    const box = el.closest("[data-rows]");
    el.closest("tr").remove();
    box.querySelector("[data-row-add]").focus();
  });

  // ---- looking up another record by typing
  const pick = (box, option) => {
    box.querySelector("[type=hidden]").value = option.dataset.value;
    const input = box.querySelector("[role=combobox]");
    input.value = option.dataset.shown;
    shut(box);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const shut = (box) => {
    box.querySelector("[role=listbox]").hidden = true;
    const input = box.querySelector("[role=combobox]");
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const look = async (box, input) => {
    const q = input.value.trim(), list = box.querySelector("[role=listbox]");
    if (!q) return shut(box);
    const to = new URL(box.dataset.ref, location.href);
    to.searchParams.set("q", q);
    const answer = await fetch(to, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok || input.value.trim() !== q) return;
    list.innerHTML = await answer.text();
    all("[role=option]", list).forEach((o, i) => { o.id = `${list.id}-${i}`; });
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  on("input", "[data-ref] [role=combobox]", (input) => {
    const box = input.closest("[data-ref]");
    box.querySelector("[type=hidden]").value = "";
    clearTimeout(box.wait);
    box.wait = setTimeout(() => look(box, input), 200);
  });
  on("keydown", "[data-ref] [role=combobox]", (input, e) => {
    if (e.isComposing) return; // Enter and arrows belong to the input method
    const box = input.closest("[data-ref]"), options = all("[role=option]", box);
    // a name that was typed but not yet found must not send the form
    if (e.key === "Enter" && input.value && !box.querySelector("[type=hidden]").value) e.preventDefault();
    if (box.querySelector("[role=listbox]").hidden) return;
    const at = options.findIndex((o) => o.getAttribute("aria-selected") === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step && options.length) {
      e.preventDefault();
      const next = options[(at + step + options.length) % options.length];
      options.forEach((o) => o.setAttribute("aria-selected", String(o === next)));
      input.setAttribute("aria-activedescendant", next.id);
      next.scrollIntoView({ block: "nearest" });
    }
    if (e.key === "Enter" && options.length) { e.preventDefault(); pick(box, options[Math.max(at, 0)]); }
    if (e.key === "Escape") shut(box);
  });
  on("pointerdown", "[data-ref] [role=option]", (o, e) => { e.preventDefault(); pick(o.closest("[data-ref]"), o); });
  on("focusout", "[data-ref] [role=combobox]", (input) => shut(input.closest("[data-ref]")));
})();
