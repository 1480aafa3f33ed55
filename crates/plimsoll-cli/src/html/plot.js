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

  // Each drawing takes the data of its section and gives traces and layout, or nothing to draw. A page
  // may hold a dozen sections: each is drawn when it comes near the window.
  const drawAll = (drawings) => {
    const sections = [...document.querySelectorAll(".account")];
    const drawn = new WeakSet();
    const draw = (section) => {
      const data = JSON.parse(section.querySelector("script").textContent);
      section.querySelectorAll("[data-chart]").forEach((place) => {
        const chart = drawings[place.dataset.chart](data);
        if (chart) Plotly.react(place, chart[0], chart[1], config);
        else place.closest("figure").remove();
      });
      drawn.add(section);
    };
    const watch = new IntersectionObserver((entries) => entries.forEach((entry) => {
      if (entry.isIntersecting && !drawn.has(entry.target)) draw(entry.target);
    }), { rootMargin: "600px" });
    sections.forEach((section) => watch.observe(section));
    const redraw = () => sections.filter((section) => drawn.has(section)).forEach(draw);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    matchMedia("(max-width: 719px)").addEventListener("change", redraw);
  };

  return { css, narrow, axis, percent, dollars, layout, drawAll };
})();
