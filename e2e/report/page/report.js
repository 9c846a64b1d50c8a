"use strict";
{
  const rows = [...document.querySelectorAll("details.row")];
  const areas = [...document.querySelectorAll(".area")];
  const groups = [...document.querySelectorAll("h3.group")];
  const chips = [...document.querySelectorAll(".chips button")];
  const search = document.querySelector(".search input");
  const found = document.querySelector(".found");
  const texts = new Map(rows.map((row) => [row, row.querySelector("summary").textContent.toLowerCase()]));
  let status = "";

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const fits = !status || row.dataset.statuses.split(" ").includes(status);
      row.hidden = !fits || !words.every((word) => texts.get(row).includes(word));
    }
    for (const area of areas) area.hidden = !area.querySelector("details.row:not([hidden])");
    for (const group of groups) {
      let next = group.nextElementSibling;
      let empty = true;
      for (; next && next.matches(".area"); next = next.nextElementSibling) empty &&= next.hidden;
      group.hidden = empty;
    }
    for (const chip of chips) chip.setAttribute("aria-pressed", String(chip.dataset.status === status));
    const shown = rows.filter((row) => !row.hidden).length;
    found.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} shown`;
  };

  const show = (row) => {
    if (row.hidden) {
      status = search.value = "";
      filter();
    }
    row.open = true;
    const summary = row.querySelector("summary");
    summary.focus({ preventScroll: true });
    row.scrollIntoView({ block: "start" });
  };

  const showTarget = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target?.matches("details.row")) show(target);
  };

  const step = (by, fits) => {
    const visible = rows.filter((row) => !row.hidden && fits(row));
    const at = document.activeElement?.closest?.("details.row");
    const here = rows.indexOf(at);
    const next = by > 0
      ? visible.find((row) => rows.indexOf(row) > here)
      : visible.findLast((row) => rows.indexOf(row) < here);
    const summary = (next ?? visible[0])?.querySelector("summary");
    summary?.focus({ preventScroll: true });
    summary?.scrollIntoView({ block: "nearest" });
  };

  const failed = (row) => /\b(FAIL|XPASS|WARN)\b/.test(row.dataset.statuses.replace("XFAIL", ""));
  const keys = {
    "/": () => search.focus(),
    j: () => step(1, () => true),
    k: () => step(-1, () => true),
    n: () => step(1, failed),
    Escape: () => {
      status = search.value = "";
      filter();
    },
  };

  for (const chip of chips) {
    chip.addEventListener("click", () => {
      status = chip.dataset.status;
      filter();
    });
  }
  search.addEventListener("input", filter);
  addEventListener("hashchange", showTarget);
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='#']");
    if (link && link.hash === location.hash) showTarget();
  });
  addEventListener("keydown", (event) => {
    const typing = event.target.matches("input") && event.key !== "Escape";
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
  addEventListener("beforeprint", () => rows.filter(failed).forEach((row) => (row.open = true)));

  for (const hidden of document.querySelectorAll(".filter, .keys")) hidden.hidden = false;
  filter();
  showTarget();
}
