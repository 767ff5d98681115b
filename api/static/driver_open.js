/** Opens a shift by its link: what stands behind the # never leaves the browser in an address. */
function open() {
  const code = decodeURIComponent(location.hash.slice(1));
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  document.getElementById("code").value = code;
  document.getElementById("open-shift").submit();
}

addEventListener("hashchange", open);
open();
