import { createApp, h, ref } from "vue";
import { throughline, useLive, useOutbox, useStatus } from "throughline/vue";
import { question } from "./question.js";

const Item = {
  props: ["row"],
  render() {
    app.rendered(this.row);
    return h("li", this.row.title);
  },
};

const List = {
  setup() {
    const list = ref("inbox");
    app.ask = (other) => (list.value = other);
    const { rows, loading, error } = useLive(() => question(list.value)[0], () => question(list.value)[1], { key: "id" });
    const status = useStatus();
    const outbox = useOutbox();
    return () => {
      app.rows = rows.value;
      const { pending, rejected } = outbox.value;
      app.discard = () => app.db.discard(rejected[0].number);
      return [
        h("ul", rows.value.map((row) => h(Item, { key: row.id, row }))),
        h("output", { id: "state" }, error.value ? error.value.code : loading.value ? "loading" : "ready"),
        h("output", { id: "status" }, status.value?.storage.persistence),
        h("output", { id: "outbox" }, `${pending.length} ${rejected.map(({ error }) => error.message)}`),
      ];
    };
  },
};

export function mount(db, element) {
  const root = createApp(List).use(throughline, db);
  root.mount(element);
  return { unmount: () => root.unmount() };
}
