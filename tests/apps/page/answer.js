/** Opens a database and asks it something. What the page has to say goes where the test can wait for it. */
export async function answer(open, more = async () => {}) {
  try {
    const db = await open({ name: "app", tables: {} });
    const [{ version }] = await db.query("SELECT sqlite_version() AS version");
    const { storage } = await db.status();
    await more(db);
    // What the second file of the module does.
    await db.export();
    await db.close();
    document.body.dataset.answer = `${version} ${storage.persistence}`;
  } catch (error) {
    document.body.dataset.failure = String(error?.stack ?? error);
  }
}
