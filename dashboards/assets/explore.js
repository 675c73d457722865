// Explore: keys in grid and drawer, ids to copy, and the address, which always says what is shown.
window.dash_clientside = Object.assign({}, window.dash_clientside, {
  explore: {
    remember: (opened, shown, grid) => {
      const address = new URL(window.location.href);
      const put = (name, value) => (value ? address.searchParams.set(name, value) : address.searchParams.delete(name));
      put("frame", opened && shown ? shown.frame : "");
      put("on", opened && shown ? shown.on : "");
      if (grid !== null && grid !== undefined) put("grid", grid);
      if (address.pathname === "/explore" && address.href !== window.location.href) {
        window.history.replaceState(window.history.state, "", address);
      }
      return "Frame";
    },
  },
});

document.addEventListener("keydown", (event) => {
  const at = event.target;
  if (event.key === "Enter" && at.closest && at.closest("#explore-grid .ag-cell")) at.click();
  const steps = { ArrowLeft: "explore-previous", ArrowRight: "explore-next" };
  const inside = at.closest && at.closest(".mantine-Drawer-content");
  if (inside && steps[event.key] && !at.matches("input, select, textarea")) {
    const button = document.getElementById(steps[event.key]);
    if (button) button.click();
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest && event.target.closest("button[data-copy]");
  if (!button) return;
  navigator.clipboard.writeText(button.dataset.copy).then(() => {
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
});
