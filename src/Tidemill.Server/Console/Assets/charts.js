// Draws what <script type="application/json" data-chart="ID"> describes into the element with that id.
(() => {
  "use strict";
  const drawn = new Map();

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function short(value) {
    return new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(value);
  }

  function format(value, kind) {
    if (value === null || value === undefined) return "–";
    if (kind === "percent") return new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 2 }).format(value);
    return new Intl.NumberFormat("en", { maximumFractionDigits: 2 }).format(value);
  }

  function axis(kind, position, offset) {
    return {
      type: "value",
      position,
      offset,
      min: 0,
      alignTicks: true,
      // Shares end at all of it; small ones keep a scale of their own.
      max: kind === "percent" ? (range) => (range.max > 0.6 && range.max <= 1 ? 1 : null) : null,
      axisLabel: {
        color: colour("--muted"),
        formatter: (v) => (kind === "percent" ? Math.round(v * 1000) / 10 + "%" : short(v)),
      },
      splitLine: { show: position === "left", lineStyle: { color: colour("--line") } },
    };
  }

  function seriesOf(series, index, axes, x) {
    const ink = colour("--series-" + (index % 4 + 1));
    return {
      name: series.title,
      type: series.kind,
      yAxisIndex: axes.indexOf(series.axis),
      data: x.map((at, i) => [at, series.values[i]]),
      showSymbol: x.length < 3,
      barMaxWidth: 28,
      itemStyle: { color: ink, borderRadius: series.kind === "bar" ? [3, 3, 0, 0] : 0, opacity: series.kind === "bar" ? 0.75 : 1 },
      lineStyle: { color: ink, width: 2, type: series.format === "percent" ? "dashed" : "solid" },
    };
  }

  // The smallest distance between neighbours: hours need no ticks for minutes.
  function step(x) {
    const times = x.map((at) => Date.parse(at));
    return Math.min(...times.slice(1).map((at, i) => at - times[i]), 86400000);
  }

  // Labels are data, and tooltips are HTML.
  const html = (text) => echarts.format.encodeHTML(String(text));

  function optionOf(chart) {
    const axes = [...new Set(chart.series.map((s) => s.axis))];
    const formats = new Map(chart.series.map((s) => [s.title, s.format]));
    return {
      animation: false,
      aria: { enabled: true },
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 4, right: 4 + 30 * Math.max(0, axes.length - 2), top: 34, bottom: 4, containLabel: true },
      legend: { top: 0, left: 0, itemWidth: 14, itemHeight: 8, textStyle: { color: colour("--ink") } },
      tooltip: {
        trigger: "axis",
        backgroundColor: colour("--raised"),
        borderColor: colour("--line"),
        textStyle: { color: colour("--ink") },
        formatter: (points) => points.map((p, i) =>
          (i ? "" : html(p.axisValueLabel) + "<br>") + p.marker + html(p.seriesName) + "  <b>" + format(p.value[1], formats.get(p.seriesName)) + "</b>").join("<br>"),
      },
      xAxis: {
        type: chart.time ? "time" : "category",
        minInterval: chart.time ? step(chart.x) : undefined,
        axisLabel: { color: colour("--muted"), hideOverlap: true },
        axisLine: { lineStyle: { color: colour("--line") } },
        axisTick: { show: false },
      },
      yAxis: axes.map((name, i) => axis(
        chart.series.find((s) => s.axis === name).format, i === 0 ? "left" : "right", i < 2 ? 0 : 52 * (i - 1))),
      series: chart.series.map((s, i) => seriesOf(s, i, axes, chart.x)),
    };
  }

  function draw(force) {
    for (const [place, known] of drawn) {
      if (document.querySelector(`script[data-chart="${place.id}"]`)) continue;
      place.hidden = true;
      known.text = "";
    }
    for (const source of document.querySelectorAll("script[data-chart]")) {
      const place = document.getElementById(source.dataset.chart);
      const text = source.textContent;
      const known = drawn.get(place);
      if (!place || (!force && known && known.text === text)) continue;
      place.hidden = false;
      const chart = known?.chart || echarts.init(place, null, { renderer: "canvas" });
      if (!known) new ResizeObserver(() => chart.resize()).observe(place);
      chart.setOption(optionOf(JSON.parse(text)), true);
      drawn.set(place, { chart, text });
    }
  }

  document.addEventListener("tidemill:refreshed", () => draw(false));
  document.addEventListener("tidemill:theme", () => draw(true));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(true));
  draw(false);
})();
