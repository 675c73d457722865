// Light or dark, and the menu on a phone.
window.dash_clientside = Object.assign({}, window.dash_clientside, {
  shell: {
    menu: (opened) => ({ width: 190, breakpoint: "sm", collapsed: { mobile: !opened } }),
    scheme: (chosen) => {
      const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
      return chosen === "auto" ? (dark ? "dark" : "light") : chosen;
    },
  },
});
