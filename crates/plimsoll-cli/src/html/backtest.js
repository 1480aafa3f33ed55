"use strict";
// The charts of a back-test: margins and losses through time, what margins cost, whether laws are right.
(() => {
  const { css, narrow, axis, dollars, layout: base } = plot;
  // Every book has its legend beside its charts.
  const layout = (height, more = {}) => base(height, { legend: undefined, ...more });
  const palette = ["--blue", "--teal", "--purple", "--amber", "--ink", "--gain"];
  const dashes = ["solid", "dash", "dot", "dashdot"];

  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const exceptions = (line) => line.exception.filter(Boolean).length;
  // Shown from the start: the champion, a few well-known models and one method; the rest on a click.
  const usual = ["scan", "deribit-spm", "deribit-sm", "okx-pm", "fhs-garch ES+floor"];
  const isShown = (data, line) =>
    data.margins.length <= 6 || line.name === data.champion || usual.includes(line.name);
  const style = (place) => ({
    color: css(palette[place % palette.length]),
    dash: dashes[Math.floor(place / palette.length) % dashes.length],
  });

  const time = (data) => {
    if (data.margins.length === 0) return null;
    // Losses in USD are the same for most margins; the bars are those of the line with most periods.
    const fullest = data.margins.reduce((a, b) => (b.rows.length > a.rows.length ? b : a));
    const at = (line) => line.rows.map((row) => data.times[row]);
    const traces = [{
      type: "bar", name: "loss", x: at(fullest), y: fullest.loss,
      marker: { color: fullest.loss.map((loss) => css(loss > 0 ? "--loss" : "--line")) },
      hovertemplate: "%{y:,.0f} USD",
    }];
    const shown = data.margins.filter((line) => isShown(data, line));
    const order = shown.concat(data.margins.filter((line) => !shown.includes(line)));
    order.forEach((line, place) => {
      const visible = shown.includes(line) ? true : "legendonly";
      const { color, dash } = style(place);
      const hits = exceptions(line);
      traces.push({
        mode: "lines", name: hits ? `${line.name} (${hits})` : line.name, legendgroup: line.name, visible,
        x: at(line), y: line.margin, line: { color, dash, width: 2 }, hovertemplate: "%{y:,.0f} USD",
      });
      if (hits === 0) return;
      const through = line.rows.map((row, i) => i).filter((i) => line.exception[i]);
      traces.push({
        mode: "markers", legendgroup: line.name, showlegend: false, visible, name: `${line.name}: through`,
        x: through.map((i) => data.times[line.rows[i]]), y: through.map((i) => line.loss[i]),
        marker: { symbol: "triangle-up", size: 12, color: css("--orange"), line: { color, width: 2 } },
        hovertemplate: "loss %{y:,.0f} USD",
      });
    });
    return [traces, layout(narrow() ? 620 : 460, {
      hovermode: "closest", bargap: 0.3,
      xaxis: axis("", { title: undefined }), yaxis: axis("USD", dollars),
      legend: narrow()
        ? { orientation: "h", x: 0, y: -0.12, yanchor: "top", font: { size: 10 }, maxheight: 220 }
        : { orientation: "v", x: 1.01, y: 1, font: { size: 10 }, maxheight: 460 },
    })];
  };

  const cost = (data) => {
    if (data.margins.length === 0) return null;
    const groups = [[true, "margin models", "--blue", "circle"], [false, "rolling methods", "--orange", "diamond"]];
    const traces = groups.map(([isModel, name, color, symbol]) => {
      const own = data.margins.filter((line) => line.is_model === isModel);
      return {
        mode: "markers", name, cliponaxis: false, x: own.map((line) => mean(line.margin)), y: own.map(exceptions),
        text: own.map((line) => `${line.name}: ${exceptions(line)} of ${line.rows.length}`),
        marker: { size: 9, symbol, color: css(color), opacity: 0.8 },
        hovertemplate: "%{text}<br>mean margin %{x:,.0f} USD<extra></extra>",
      };
    });
    const promised = Math.max(...data.margins.map((line) => line.rows.length)) * (1 - data.level_pct / 100);
    return [traces, layout(340, {
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
      shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: promised, y1: promised, line: { color: css("--soft"), dash: "dot", width: 1.2 } }],
      annotations: [{ xref: "paper", x: 1, y: promised, text: "promised", showarrow: false, xanchor: "right", yanchor: "bottom", font: { size: 11, color: css("--soft") } }],
      xaxis: axis("mean margin, USD", dollars), yaxis: axis("exceptions", { rangemode: "tozero" }),
    })];
  };

  const qq = (data) => {
    // One law per method: its charges share it.
    const seen = new Set();
    const laws = data.margins.filter((line) => {
      const key = JSON.stringify(line.pit);
      if (line.pit.length < 2 || seen.has(key)) return false;
      return seen.add(key);
    });
    if (laws.length === 0) return null;
    const traces = laws.map((line, place) => {
      const sorted = line.pit.slice().sort((a, b) => a - b);
      const { color, dash } = style(place);
      return {
        mode: "lines", name: line.name.replace(/ (VaR|ES).*$/, ""), y: sorted,
        x: sorted.map((_, i) => (i + 0.5) / sorted.length), line: { color, dash, width: 2, shape: "hv" },
        hovertemplate: "%{x:.3f}: %{y:.3f}",
      };
    });
    traces.push({ mode: "lines", x: [0, 1], y: [0, 1], showlegend: false, hoverinfo: "skip", line: { color: css("--soft"), dash: "dot", width: 1.2 } });
    return [traces, layout(340, {
      xaxis: axis("uniform", { range: [0, 1] }), yaxis: axis("probability given", { range: [0, 1] }),
      legend: { x: 0.02, y: 0.98, font: { size: 10 }, bgcolor: "rgba(0,0,0,0)" },
    })];
  };

  plot.drawAll({ time, cost, qq });
})();
