/**
 * A text that becomes a field when it is pressed. Enter and leaving keep what was written, Escape does not; `text` says what there is, `save`
 * gets what differs from it.
 */
export function editInPlace(shown, input, text, save) {
  const close = (keep) => {
    if (input.hidden) return;
    const hadFocus = document.activeElement === input;
    input.hidden = true;
    shown.hidden = false;
    if (hadFocus) shown.focus();
    if (keep && input.value !== text()) save(input.value);
  };
  shown.addEventListener("click", () => {
    input.value = text();
    shown.hidden = true;
    input.hidden = false;
    input.focus();
    input.select();
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    // Else the same Enter would press what is shown, which has the focus by then.
    event.preventDefault();
    close(event.key === "Enter");
  });
  input.addEventListener("blur", () => close(true));
}
