// Its markup.

import { createRoot } from "react-dom/client";
import { DatabaseProvider } from "throughline/react";
import { database, useTodos } from "./todos.js";

function Todos() {
  const { todos, loading, create, toggle, remove } = useTodos();
  const submit = (event) => {
    event.preventDefault();
    create(new FormData(event.target).get("todo"));
    event.target.reset();
  };
  if (loading) return <p>Loading …</p>;
  return (
    <main>
      <h1>Through the DB</h1>
      <ul>
        {todos.map((todo) => (
          <li key={todo.id}>
            <label>
              <input type="checkbox" checked={todo.completed} onChange={() => toggle(todo)} />
              <span className={todo.completed ? "completed" : ""}>{todo.title}</span>
            </label>
            <button type="button" aria-label={`Delete ${todo.title}`} onClick={() => remove(todo)}>
              ✕
            </button>
          </li>
        ))}
        {todos.length === 0 && <li>All done 🎉</li>}
      </ul>
      <form onSubmit={submit}>
        <input name="todo" aria-label="New todo" placeholder="Type here …" required />
        <button>Add</button>
      </form>
    </main>
  );
}

createRoot(document.getElementById("root")).render(
  <DatabaseProvider database={database} fallback={<p>Opening …</p>}>
    <Todos />
  </DatabaseProvider>,
);
