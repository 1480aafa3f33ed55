"use strict";
// The charts of a risk report.
(() => {
  const { css, narrow, axis, percent, dollars, layout } = plot;
  const horizon = (days) => days < 1 ? `${Math.round(24 * days)} h` : `${days} d`;

  // Losses to the right; a diamond where the account would be liquidated.
  const stresses = ({ report }) => {
    const rows = report.stresses.slice().reverse();
    const y = rows.map((row) => row.name);
    const broken = rows.map((row) => row.after && row.after.under_maintenance);
    return [
      [
        {
          type: "bar", orientation: "h", y, x: rows.map((row) => row.loss), showlegend: false,
          marker: { color: rows.map((row) => css(row.loss > 0 ? "--loss" : "--gain")) },
          customdata: rows.map((row) => row.about),
          hovertemplate: "%{x:,.0f} USD<br>%{customdata}<extra></extra>",
        },
        {
          type: "scatter", mode: "markers", name: "liquidated",
          y: y.filter((_, i) => broken[i]), x: rows.filter((_, i) => broken[i]).map((row) => row.loss),
          marker: { symbol: "diamond", size: 10, color: css("--ink") }, hoverinfo: "skip",
        },
      ],
      layout(Math.max(320, 26 * rows.length + 60), {
        xaxis: axis("loss, USD (a gain is negative)", dollars),
        yaxis: axis("", { title: undefined, tickfont: { size: narrow() ? 9 : 12 } }),
      }),
    ];
  };

  // ES by horizon, VaR with the ends of its interval.
  const tails = ({ report }) => {
    const horizons = [...new Set(report.tails.map((row) => row.horizon_days))];
    const colors = ["--teal", "--blue", "--purple", "--amber"];
    const traces = [];
    horizons.forEach((days, index) => {
      const rows = report.tails.filter((row) => row.horizon_days === days);
      const x = rows.map((row) => `${row.level_pct} %`);
      const color = css(colors[index % colors.length]);
      traces.push({
        type: "scatter", mode: "markers", name: `VaR, ${horizon(days)}`, x, y: rows.map((row) => row.var),
        marker: { color, size: 9 },
        error_y: {
          type: "data", symmetric: false, color, thickness: 1.5,
          array: rows.map((row) => row.var_high == null ? 0 : row.var_high - row.var),
          arrayminus: rows.map((row) => row.var - row.var_low),
        },
        hovertemplate: "%{y:,.0f} USD",
      });
      traces.push({
        type: "scatter", mode: "lines+markers", name: `ES, ${horizon(days)}`, x, y: rows.map((row) => row.es),
        line: { color, dash: "dot", width: 2 }, marker: { color, symbol: "line-ew", size: 14, line: { width: 3, color } },
        hovertemplate: "%{y:,.0f} USD",
      });
    });
    return [traces, layout(380, {
      hovermode: "x unified",
      xaxis: axis("level", { type: "category" }), yaxis: axis("loss, USD", { ...dollars, rangemode: "tozero" }),
    })];
  };

  const losses = ({ report }) => {
    const main = report.tails.filter((row) => row.horizon_days === 1);
    const marks = main.map((row) => ({
      type: "line", x0: row.var, x1: row.var, yref: "paper", y0: 0, y1: 1,
      line: { color: css("--orange"), width: 1.2, dash: "dot" },
    }));
    const notes = main.map((row, index) => ({
      x: row.var, y: 1 - 0.09 * index, yref: "paper", yanchor: "top", xanchor: "left", showarrow: false,
      text: ` VaR ${row.level_pct} %`, font: { size: 11, color: css("--orange") },
    }));
    return [
      [{
        type: "histogram", x: report.losses, nbinsx: 80, marker: { color: css("--blue") },
        hovertemplate: "%{y} scenarios<br>%{x} USD<extra></extra>",
      }],
      layout(340, {
        bargap: 0.03, shapes: marks, annotations: notes,
        xaxis: axis("loss in a day, USD", dollars), yaxis: axis("scenarios"),
      }),
    ];
  };

  const correlations = ({ report: { correlations: { names, matrix } } }) => names.length < 2 ? undefined : [
    [{
      type: "heatmap", x: names, y: names, z: matrix, zmin: -1, zmax: 1,
      colorscale: [[0, css("--loss")], [0.5, css("--flat")], [1, css("--gain")]],
      text: matrix.map((row) => row.map((cell) => cell.toFixed(2))), texttemplate: "%{text}",
      hovertemplate: "%{y} and %{x}: %{z:.3f}<extra></extra>",
      colorbar: { thickness: 12 },
    }],
    layout(340, { yaxis: axis("", { title: undefined, autorange: "reversed" }), xaxis: axis("", { title: undefined }) }),
  ];

  const components = ({ report }) => {
    const parts = report.components.filter((part) => part.amount !== 0).reverse();
    return [
      [{
        type: "bar", orientation: "h", y: parts.map((part) => part.leg), x: parts.map((part) => part.amount),
        marker: { color: parts.map((part) => css(part.amount > 0 ? "--loss" : "--gain")) },
        hovertemplate: "%{y}: %{x:,.0f} USD<extra></extra>",
      }],
      layout(Math.max(260, 18 * parts.length + 60), {
        xaxis: axis("part of ES, USD", dollars), yaxis: axis("", { title: undefined, tickfont: { size: 10 } }),
      }),
    ];
  };

  plot.drawAll({ stresses, tails, losses, correlations, components });
})();
