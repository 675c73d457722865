// Quality: the address says what is shown, and a click on a cell tells its checks one by one.
(() => {
  const chosenBy = (event) => {
    const cell = event.target.closest("#quality-map tbody :is(td, th)");
    if (!cell || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return null;
    return { expectation: cell.closest("tr").dataset.expectation, at: cell.dataset.at || "" };
  };

  document.addEventListener("click", (event) => {
    const chosen = chosenBy(event);
    if (!chosen) return;
    event.preventDefault();
    window.dash_clientside.set_props("quality-chosen", { data: chosen });
    document.getElementById("quality-told").scrollIntoView({ block: "nearest" });
  });

  let scrolledFor = null;
  const mark = (chosen, query) => {
    for (const cell of document.querySelectorAll("#quality-map td")) {
      const row = cell.closest("tr").dataset;
      cell.toggleAttribute("data-chosen", row.expectation === chosen.expectation && cell.dataset.at === chosen.at);
    }
    const table = document.querySelector("#quality-map .scrolled");
    if (table && scrolledFor !== query) {
      table.scrollLeft = table.scrollWidth; // the newest hours come last
      scrolledFor = query;
    }
  };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    quality: {
      remember: (query, chosen) => {
        const words = new URLSearchParams(query);
        for (const [name, value] of Object.entries(chosen)) if (value) words.set(name, value);
        if (window.location.pathname === "/quality") {
          window.history.replaceState(window.history.state, "", words.size ? `/quality?${words}` : "/quality");
        }
        return words.toString();
      },
      mark: (_map, chosen, query) => {
        window.requestAnimationFrame(() => mark(chosen, query));
        return window.dash_clientside.no_update;
      },
    },
  });
})();
