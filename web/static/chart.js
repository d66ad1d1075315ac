// Charts: ECharts is loaded only where there is a figure[data-chart]; its figures stand in the table beside it anyway.
(() => {
  "use strict";
  const css = getComputedStyle(document.documentElement);
  const token = (name) => css.getPropertyValue(name).trim();
  const tones = { ok: "--green", late: "--red", warn: "--amber", run: "--blue", none: "--edge" };
  const palette = [token("--jade"), token("--blue"), token("--amber"), "#7a5ab5", token("--green"), "#a8487a", token("--edge")];
  const symbols = ["circle", "rect", "triangle", "diamond", "roundRect", "pin", "arrow"];

  function serie(d, s, i) {
    const color = s.tone ? token(tones[s.tone]) : palette[i % palette.length];
    const bar = d.kind === "bar" || d.kind === "stacked";
    return {
      name: s.name, data: s.values, type: bar ? "bar" : "line", stack: d.kind === "stacked" ? "all" : undefined,
      itemStyle: { color, decal: bar && i > 0 ? { symbol: "rect", symbolSize: 1, dashArrayX: [1, 0], dashArrayY: [2, 4 + i], rotation: Math.PI / 4 * i, color: "rgba(255,255,255,.45)" } : undefined },
      lineStyle: { width: 2, type: ["solid", "dashed", "dotted"][i % 3] }, symbol: symbols[i % symbols.length], symbolSize: 6, barMaxWidth: 28,
      markLine: d.target != null && i === 0 ? { silent: true, symbol: "none", label: { formatter: "{c}" }, lineStyle: { color: token("--red"), type: "dashed" }, data: [{ yAxis: d.target }] } : undefined,
    };
  }

  function option(d) {
    const base = {
      animation: !matchMedia("(prefers-reduced-motion: reduce)").matches, color: palette,
      textStyle: { fontFamily: css.fontFamily, color: token("--ink") },
      // the HTML tooltip writes style attributes, which the CSP forbids
      tooltip: { trigger: d.kind === "pie" ? "item" : "axis", renderMode: "richText" },
    };
    if (d.kind === "pie") {
      const s = d.series[0] ?? { values: [] };
      return { ...base, series: [{ type: "pie", radius: ["45%", "72%"], itemStyle: { borderColor: "#fff", borderWidth: 2 }, label: { formatter: "{b} {c}" }, data: d.labels.map((name, i) => ({ name, value: s.values[i] })) }] };
    }
    const line = { lineStyle: { color: token("--line") } };
    return {
      ...base, grid: { left: 8, right: 28, top: d.series.length > 1 ? 36 : 16, bottom: 8, containLabel: true },
      legend: d.series.length > 1 ? { top: 0, left: 0, icon: "roundRect", itemWidth: 14 } : undefined,
      xAxis: { type: "category", data: d.labels, axisLine: line, axisTick: { show: false }, axisLabel: { color: token("--ink2") } },
      yAxis: { type: "value", splitLine: line, axisLabel: { color: token("--ink2") } },
      series: d.series.map((s, i) => serie(d, s, i)),
    };
  }

  const drawn = new Map();
  function draw(figure) {
    if (drawn.has(figure)) return;
    figure.classList.add("drawn");
    const chart = window.echarts.init(figure.querySelector(".canvas"));
    chart.setOption(option(JSON.parse(figure.dataset.chart)));
    drawn.set(figure, chart);
  }

  const forget = () => drawn.forEach((chart, figure) => {
    if (!figure.isConnected) { chart.dispose(); drawn.delete(figure); }
  });
  let loading = null;
  const load = (src) => loading ??= new Promise((done, failed) => {
    const s = document.createElement("script");
    s.src = src;
    s.onload = done;
    s.onerror = failed;
    document.head.append(s);
  });
  const ready = () => {
    forget();
    const figures = [...document.querySelectorAll("figure[data-chart]")];
    if (figures.length) load(figures[0].dataset.echarts).then(() => figures.forEach(draw), () => {});
  };
  document.addEventListener("huiyin:ready", ready);
  let resizing = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(resizing);
    resizing = requestAnimationFrame(() => drawn.forEach((chart) => chart.resize()));
  });
  ready();
})();
