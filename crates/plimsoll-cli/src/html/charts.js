"use strict";
// The charts of a margin answer.
(() => {
  const { css, narrow, axis, percent, dollars, layout } = plot;

  const expiryName = (instant) => {
    if (!instant) return "no expiry";
    const at = new Date(instant);
    const month = at.toLocaleString("en", { month: "short", timeZone: "UTC" }).toUpperCase();
    return `${at.getUTCDate()}${month}${String(at.getUTCFullYear()).slice(2)}`;
  };

  // Profit and loss by colour, liquidation by a line: where equity meets maintenance margin.
  const surface = ({ surface: grid }) => {
    const hover = "price %{x:+.1f} %<br>vol %{y:+.0f} %<br>P&L %{z:,.0f} USD<extra></extra>";
    const base = { x: grid.spot_moves_pct, y: grid.vol_moves_pct };
    const crossed = grid.maintenance_excess.flat();
    const edges = (values) => ({ range: [values[0], values[values.length - 1]] });
    // Plotly fills what a constraint leaves out: here, what is not above zero.
    const isCrossed = Math.min(...crossed) < 0 && Math.max(...crossed) > 0;
    const traces = [
      {
        ...base, type: "heatmap", z: grid.pnl, zmid: 0, zsmooth: "best", hovertemplate: hover,
        colorscale: [[0, css("--loss")], [0.5, css("--flat")], [1, css("--gain")]],
        colorbar: narrow()
          ? { orientation: "h", thickness: 10, y: -0.28, yanchor: "top", tickformat: ",.2~s", title: { text: "P&L, USD" } }
          : { thickness: 12, tickformat: ",.3~s", title: { text: "P&L, USD", side: "top" } },
      },
      {
        ...base, type: "contour", z: grid.pnl, hoverinfo: "skip", showscale: false, opacity: 0.55,
        contours: { coloring: "none", showlabels: true, labelfont: { size: 10, color: css("--soft") } },
        ncontours: 12, line: { color: css("--soft"), width: 0.7 }, showlegend: false,
      },
      {
        x: [0], y: [0], mode: "markers", type: "scatter", name: "now", hoverinfo: "name",
        marker: { size: 11, symbol: "cross-thin", line: { width: 2.5, color: css("--ink") } },
      },
    ];
    if (isCrossed) {
      traces.push({
        ...base, type: "contour", z: grid.maintenance_excess, hoverinfo: "skip", showscale: false,
        contours: { coloring: "none", type: "constraint", operation: ">", value: 0 },
        line: { color: css("--ink"), width: 3, smoothing: 0 }, fillcolor: "rgba(128,128,128,0.28)",
        name: "liquidation: equity below maintenance margin", showlegend: true,
      });
    }
    return [traces, layout(narrow() ? 440 : 460, {
      xaxis: axis("move of every price", { ...percent, ...edges(grid.spot_moves_pct) }),
      yaxis: axis("relative move of every vol", { ...percent, ...edges(grid.vol_moves_pct) }),
    })];
  };

  const price = ({ sweep, answer }) => {
    const x = sweep.map((rung) => rung.move_pct);
    const line = (name, of, color, dash, width) => ({
      x, y: sweep.map(of), name, mode: "lines", line: { color: css(color), dash, width },
      hovertemplate: "%{y:,.0f} USD",
    });
    const traces = [
      line("equity", (rung) => rung.equity, "--blue", "solid", 3),
      line("initial margin", (rung) => rung.initial_margin, "--amber", "dash", 2.5),
      line("maintenance margin", (rung) => rung.maintenance_margin, "--orange", "solid", 2.5),
      line("P&L", (rung) => rung.equity - answer.equity, "--soft", "dot", 2),
    ];
    const distance = answer.distance_to_liquidation;
    const edges = [distance.down_move_pct, distance.up_move_pct]
      .filter((at) => at != null && at >= x[0] && at <= x[x.length - 1]);
    const mark = (at, text, color, top) => ({
      shape: { type: "line", x0: at, x1: at, yref: "paper", y0: 0, y1: 1, line: { color, width: 1.2, dash: "dot" } },
      note: {
        x: at, y: top ? 1 : 0, yref: "paper", yanchor: top ? "top" : "bottom",
        // A label on the right half stands left of its line, so that it stays inside.
        xanchor: at > (x[0] + x[x.length - 1]) / 2 ? "right" : "left",
        showarrow: false, text, font: { size: 11, color },
      },
    });
    const marks = [mark(0, "now", css("--soft"), false)].concat(edges.map((at) =>
      mark(at, `liquidation<br>${at > 0 ? "+" : "−"}${Math.abs(at).toFixed(1)} %`, css("--orange"), true)));
    return [traces, layout(380, {
      hovermode: "x unified",
      shapes: marks.map((one) => one.shape), annotations: marks.map((one) => one.note),
      xaxis: axis("move of every price", percent), yaxis: axis("USD", dollars),
    })];
  };

  const components = ({ answer }) => {
    const parts = answer.components.slice().reverse();
    const y = parts.map((part) => part.name.replaceAll("_", " "));
    const bar = (name, of, color) => ({
      type: "bar", orientation: "h", name, y, x: parts.map(of),
      marker: { color: css(color) },
      hovertemplate: "%{y}: %{x:,.0f} USD<extra>" + name + "</extra>",
    });
    return [
      [
        bar("maintenance", (part) => part.maintenance, "--orange"),
        bar("initial", (part) => part.amount, "--amber"),
      ],
      layout(Math.max(300, 110 + 52 * parts.length), {
        barmode: "group", legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", traceorder: "reversed" },
        xaxis: axis("USD", { ...dollars, nticks: narrow() ? 5 : 7 }), yaxis: axis("", { title: undefined }),
      }),
    ];
  };

  const netting = ({ answer }) => {
    const saved = answer.benefit.breakdown;
    const steps = [
      ["gross", answer.gross, "absolute"],
      ["same expiry", -saved.same_expiry, "relative"],
      ["across expiries", -saved.across_expiries, "relative"],
      ["across underlyings", -saved.across_underlyings, "relative"],
      ["collateral", -saved.collateral, "relative"],
      ["net", answer.net, "total"],
    ];
    return [
      [{
        type: "waterfall", orientation: "h",
        y: steps.map((step) => step[0]), x: steps.map((step) => step[1]),
        measure: steps.map((step) => step[2]),
        hovertemplate: "%{y}: %{delta:,.0f} USD<extra></extra>",
        connector: { line: { color: css("--line"), width: 1 } },
        decreasing: { marker: { color: css("--blue") } },
        increasing: { marker: { color: css("--orange") } },
        totals: { marker: { color: css("--soft") } },
      }],
      layout(300, {
        showlegend: false,
        xaxis: axis("USD", { ...dollars, nticks: narrow() ? 5 : 7 }),
        yaxis: axis("", { title: undefined, autorange: "reversed" }),
      }),
    ];
  };

  // One line per risk unit and vol move; moves stand evenly spaced, since far ones are very far.
  const scenarios = ({ answer }) => {
    if (answer.scenarios.length === 0) return null;
    // A state with a label is no move of price and vol: it stands by its name beside them.
    const all = answer.scenarios.filter((state) => !state.label);
    const labels = [...new Set(answer.scenarios.map((state) => state.label).filter(Boolean))];
    const moves = [...new Set(all.map((state) => state.spot_move_pct))].sort((a, b) => a - b);
    const name = (move) => `${move > 0 ? "+" : move < 0 ? "−" : ""}${+Math.abs(move).toFixed(2)} %`;
    const colors = ["--blue", "--orange", "--teal", "--purple"];
    const dashes = { up: "solid", unchanged: "dash", down: "dot" };
    const symbols = { up: "triangle-up", unchanged: "circle", down: "triangle-down" };
    const units = [...new Set(answer.scenarios.map((state) => state.unit))];
    const traces = [];
    units.forEach((unit, index) => {
      const states = answer.scenarios.filter((state) => state.unit === unit && state.label);
      if (states.length === 0) return;
      traces.push({
        x: states.map((state) => state.label), y: states.map((state) => state.loss),
        name: `${unit}, other`, mode: "markers",
        marker: { color: css(colors[index % colors.length]), symbol: "diamond", size: 9 },
        hovertemplate: "%{x}: %{y:,.0f} USD<extra>%{fullData.name}</extra>",
      });
    });
    units.forEach((unit, index) => ["up", "unchanged", "down"].forEach((vol) => {
      const states = all
        .filter((state) => state.unit === unit && state.vol_move === vol)
        .sort((a, b) => a.spot_move_pct - b.spot_move_pct);
      if (states.length === 0) return;
      const color = css(colors[index % colors.length]);
      traces.push({
        x: states.map((state) => name(state.spot_move_pct)), y: states.map((state) => state.loss),
        name: `${unit}, vol ${vol}`, mode: "lines+markers",
        line: { color, dash: dashes[vol], width: 2 }, marker: { color, symbol: symbols[vol], size: 7 },
        customdata: states.map((state) => 100 * state.weight),
        hovertemplate: "%{x}: %{y:,.0f} USD (weight %{customdata:.3~f} %)<extra>%{fullData.name}</extra>",
      });
    }));
    return [traces, layout(narrow() ? 460 : 380, {
      xaxis: axis("move of the unit's price", { type: "category", categoryorder: "array", categoryarray: [...moves.map(name), ...labels] }),
      yaxis: axis("counted loss, USD", dollars),
    })];
  };

  const greeks = ({ answer }) => {
    const rows = answer.greeks;
    if (rows.length === 0) return null;
    const order = [...new Set(rows.map((row) => row.expiry ?? ""))].sort();
    const columns = order.map((instant) => expiryName(instant));
    const units = [...new Set(rows.map((row) => row.underlying))];
    const colors = ["--blue", "--orange", "--teal", "--purple"];
    const panels = [
      ["delta_1pct", "delta, USD per 1 %"], ["gamma_1pct", "gamma, USD per 1 %²"],
      ["vega", "vega, USD per vol point"], ["theta", "theta, USD per day"],
    ];
    const stacked = narrow();
    const traces = [], axes = {}, notes = [];
    panels.forEach(([key, title], panel) => {
      const suffix = panel === 0 ? "" : String(panel + 1);
      const across = stacked ? 0 : panel % 2, down = stacked ? panel : Math.floor(panel / 2);
      const columnsOfPanels = stacked ? 1 : 2, rowsOfPanels = stacked ? 4 : 2;
      const width = stacked ? 1 : 0.45, step = 1 / rowsOfPanels;
      const x0 = stacked ? 0 : across * (1 / columnsOfPanels) + across * 0.05;
      const top = 1 - down * step - 0.05;
      axes[`xaxis${suffix}`] = axis("", { title: undefined, domain: [x0, x0 + width], anchor: `y${suffix}`, type: "category", categoryorder: "array", categoryarray: columns });
      axes[`yaxis${suffix}`] = axis("", { title: undefined, domain: [top - step * 0.72, top], anchor: `x${suffix}`, tickformat: ",.2~s" });
      notes.push({ text: title, showarrow: false, xref: "paper", yref: "paper", x: x0, xanchor: "left", y: top, yanchor: "bottom", font: { size: 12, color: css("--soft") } });
      units.forEach((unit, index) => {
        const own = rows.filter((row) => row.underlying === unit);
        traces.push({
          type: "bar", x: own.map((row) => expiryName(row.expiry)), y: own.map((row) => row[key]),
          name: unit, legendgroup: unit, showlegend: panel === 0, xaxis: `x${suffix}`, yaxis: `y${suffix}`,
          marker: { color: css(colors[index % colors.length]) },
          hovertemplate: "%{x}: %{y:,.0f} USD<extra>" + unit + "</extra>",
        });
      });
    });
    return [traces, layout(stacked ? 900 : 520, { barmode: "group", annotations: notes, ...axes })];
  };

  const drawings = { surface, price, components, netting, scenarios, greeks };

  plot.drawAll(drawings);
})();
