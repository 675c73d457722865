// Report: the address says what is shown, and a click on a bar opens the rows behind it.
(() => {
  const KEPT = ["camera", "label", "threshold", "zone"];
  const escaped = (name) => name.replace(/[,\\]/g, "\\$&");
  const equals = (text) => ({ filterType: "text", type: "equals", filter: text });

  const rowsOf = (chart, point, figure) => {
    const meta = figure.layout.meta || {};
    if (chart === "donut") return { label: meta.labels[point.pointNumber] };
    if (chart === "sectors") {
      const filter = { sector_v: equals(point.y), sector_h: equals(point.x) };
      return { grid: JSON.stringify({ filter, sort: [] }) };
    }
    const label = figure.data[point.curveNumber].meta.label;
    if (chart === "histogram") return meta.parts.length ? { label, part: meta.parts[point.pointNumber] } : { label };
    const [from, to] = meta.spans[point.pointNumber];
    return { label, period: "custom", from, to };
  };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    report: {
      remember: (query) => {
        if (window.location.pathname === "/report") {
          window.history.replaceState(window.history.state, "", query ? `/report?${query}` : "/report");
        }
        return [`/report/objects.csv?${query}`, `/report/objects.parquet?${query}`];
      },
      custom: (period) => ({ display: period === "custom" ? "contents" : "none" }),
      open: (...values) => {
        const context = window.dash_clientside.callback_context;
        const charts = context.inputs_list.map((input) => input.id);
        const triggered = context.triggered[0];
        const id = triggered.prop_id.split(".")[0];
        const point = triggered.value && triggered.value.points[0];
        if (!point) return window.dash_clientside.no_update;
        const now = new URLSearchParams(values[values.length - 1]);
        const asked = new URLSearchParams();
        for (const name of [...KEPT, "period", "from", "to"]) if (now.has(name)) asked.set(name, now.get(name));
        const found = rowsOf(id.replace("report-", ""), point, values[charts.length + charts.indexOf(id)]);
        for (const [name, value] of Object.entries(found)) {
          if (value) asked.set(name, name === "label" ? escaped(value) : value);
        }
        window.location.assign(`/explore?${asked}`);
        return window.dash_clientside.no_update;
      },
    },
  });
})();
