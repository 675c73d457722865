// Pipeline: the address says what is shown.
window.dash_clientside = Object.assign({}, window.dash_clientside, {
  pipeline: {
    remember: (query) => {
      if (window.location.pathname === "/pipeline") {
        window.history.replaceState(window.history.state, "", query ? `/pipeline?${query}` : "/pipeline");
      }
      return window.dash_clientside.no_update;
    },
  },
});
