"use strict";
// What every page's charts share: the colours of the page's style, axes, layout, and the drawing of
// every chart from the JSON beside it, again when the reader's colour scheme changes.
const plot = (() => {
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const narrow = () => window.innerWidth < 720;

  const axis = (title, more = {}) => ({
    title: { text: title, standoff: 8 },
    gridcolor: css("--line"), zerolinecolor: css("--soft"), linecolor: css("--line"),
    automargin: true, ...more,
  });
  const percent = { ticksuffix: " %" };
  const dollars = { tickformat: ",.3~s", separatethousands: true };

  const layout = (height, more = {}) => ({
    height,
    margin: { l: 8, r: 12, t: 8, b: 8 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 12, color: css("--ink") },
    hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line"), font: { color: css("--ink") } },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", xanchor: "left" },
    separators: ".,",
    modebar: { bgcolor: "rgba(0,0,0,0)", color: css("--soft"), activecolor: css("--ink") },
    ...more,
  });

  const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"] };

  // Each drawing takes the data of its account and gives traces and layout, or nothing to draw.
  const drawAll = (drawings) => {
    const draw = () => document.querySelectorAll(".account").forEach((account) => {
      const data = JSON.parse(account.querySelector("script").textContent);
      account.querySelectorAll("[data-chart]").forEach((place) => {
        const drawn = drawings[place.dataset.chart](data);
        if (drawn) Plotly.react(place, drawn[0], drawn[1], config);
        else place.closest("figure").remove();
      });
    });
    draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    matchMedia("(max-width: 719px)").addEventListener("change", draw);
  };

  return { css, narrow, axis, percent, dollars, layout, drawAll };
})();
