import type { ChangeRecord, TransactionRecord } from "../../protocol.js";
import { h } from "../dom.js";
import { fromInput, show, toInput } from "../values.js";

/** A form over what a rejected transaction wrote: text as it is, anything else as JSON. */
export function editForm({ number, changes }: TransactionRecord, save: (changes: ChangeRecord[]) => Promise<void>, close: () => void): HTMLElement {
  const edited = changes.map((change) => ({ ...change, value: { ...change.value } }));
  const fields = edited.flatMap((change, at) =>
    Object.keys(change.operation === "delete" ? {} : change.value).map((name) => {
      const [was, written] = [change.base?.[name] ?? change.synced?.[name], change.value[name]];
      // What the column holds, where a value of it is known.
      const like = written ?? was ?? "";
      const id = `edit-${number}-${at}-${name}`;
      const input = h("input", {
        id,
        value: written === null ? "" : toInput(written),
        disabled: written === null,
        oninput: () => (change.value[name] = fromInput(input.value, like)),
      });
      const none = h("input", {
        type: "checkbox",
        checked: written === null,
        onchange: () => {
          input.disabled = none.checked;
          change.value[name] = none.checked ? null : fromInput(input.value, like);
        },
      });
      const of = changes.length > 1 ? `${change.table} ${change.key.map((part) => show(part)).join(", ")}: ` : "";
      return h("p", { class: "field" }, h("label", { for: id }, of + name), input, h("label", {}, none, " NULL"));
    }),
  );
  const submit = (event: Event) => {
    event.preventDefault();
    void save(edited);
  };
  return h(
    "form",
    { onsubmit: submit, "aria-label": `Edit transaction ${number}` },
    fields.length > 0 ? fields : h("p", {}, "It only deletes: there is nothing to edit."),
    h("p", { class: "actions" }, h("button", { type: "submit" }, "Save and send"), h("button", { type: "button", onclick: close }, "Cancel")),
  );
}
