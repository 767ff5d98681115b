/** Opens a ride by its link: what stands behind the # never leaves the browser in an address. */
const secret = decodeURIComponent(location.hash.slice(1));
const form = document.getElementById("open-ride");
const field = document.getElementById("secret");

if (secret && document.getElementById("code").value) {
  history.replaceState(null, "", location.pathname + location.search);
  field.value = secret;
  form.submit();
}
document.getElementById("errors")?.focus();
