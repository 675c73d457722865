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
      if (opened) {
        leaving = false;
        onceDrawn();
      }
      return "Frame";
    },
  },
});

function openDrawer() {
  const drawer = document.querySelector(".mantine-Drawer-content");
  return drawer !== null && drawer.checkVisibility() ? drawer : null;
}

function intoDrawer() {
  const drawer = openDrawer();
  if (drawer && !drawer.contains(document.activeElement)) drawer.querySelector("button").focus();
}

function onceDrawn() {
  if (openDrawer()) intoDrawer();
  else if (!leaving) requestAnimationFrame(onceDrawn);
}

// A cell may take the focus only after the drawer opened: whoever reads by keyboard must not be left behind it.
// Whoever leaves the drawer is led back to the cell, and must not be caught again.
let leaving = false;
document.addEventListener("focusin", (event) => {
  if (!leaving && event.target.closest("#explore-grid")) intoDrawer();
});
const leave = (event) => {
  const closed = event.key === "Escape" || event.target.closest(".mantine-Drawer-close, .mantine-Drawer-overlay");
  if (openDrawer() && closed) leaving = true;
};
document.addEventListener("keydown", leave, true);
document.addEventListener("click", leave, true);

// The drawer's keys are taken before the grid sees them: right after a click the focus is still in its cell.
document.addEventListener(
  "keydown",
  (event) => {
    const at = event.target;
    const open = openDrawer() !== null;
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
