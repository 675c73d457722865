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

// The drawer's keys are taken before the grid sees them: right after a click the focus is still in its cell.
document.addEventListener(
  "keydown",
  (event) => {
    const at = event.target;
    const drawer = document.querySelector(".mantine-Drawer-content");
    const open = drawer !== null && drawer.checkVisibility();
    const steps = { ArrowLeft: "explore-previous", ArrowRight: "explore-next" };
    if (open && steps[event.key] && !at.matches("input, select, textarea")) {
      event.stopPropagation();
      document.getElementById(steps[event.key]).click();
    } else if (!open && event.key === "Enter" && at.closest("#explore-grid .ag-cell")) {
      at.click();
    }
  },
  true,
);

document.addEventListener("click", (event) => {
  const button = event.target.closest && event.target.closest("button[data-copy]");
  if (!button) return;
  navigator.clipboard.writeText(button.dataset.copy).then(() => {
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
});
