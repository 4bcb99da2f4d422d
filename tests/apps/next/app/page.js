"use client";

import { useEffect } from "react";
import { open } from "throughline";
import { DatabaseProvider, useLive, useStatus } from "throughline/react";

// A server renders this page as well, and has no database.
const database = typeof window === "undefined" ? undefined : open({ name: "app", tables: {} });

export default function Page() {
  return (
    <DatabaseProvider database={database} fallback={<p>Opening…</p>}>
      <Version />
    </DatabaseProvider>
  );
}

function Version() {
  const { rows, error } = useLive("SELECT sqlite_version() AS version");
  const persistence = useStatus()?.storage.persistence;
  useEffect(() => {
    if (error) document.body.dataset.failure = error.message;
    if (rows[0] && persistence) document.body.dataset.answer = `${rows[0].version} ${persistence}`;
  });
  return <p>{rows[0]?.version}</p>;
}
