/** The demo in one tab, in the words of its user. */
export class Demo {
  constructor(page) {
    this.page = page;
  }

  /** Opens the demo in a tab of this profile; resolves when its list is there. */
  static async open(profile, server) {
    const demo = new Demo(await profile.open(`${server.origin}/`));
    await demo.opened();
    return demo;
  }

  /** Waits until the database is open. */
  async opened() {
    await this.page.waitForFunction(() => globalThis.db);
    await this.page.locator(".list").waitFor();
  }

  /** Opens a list by its name. */
  async openList(name) {
    await this.page.getByTestId("list").getByText(name, { exact: true }).click();
    await this.page.getByTestId("list-name").getByText(name, { exact: true }).waitFor();
  }

  async addList(name) {
    await this.page.getByTestId("new-list").fill(name);
    await this.page.getByTestId("add-list").click();
  }

  /** Opens the drawer with what is on its way and what was refused. */
  async openOutbox() {
    if (await this.page.getByTestId("outbox").isHidden()) await this.page.getByTestId("open-outbox").click();
  }

  async closeOutbox() {
    if (await this.page.getByTestId("outbox").isVisible()) await this.page.getByTestId("close-outbox").click();
  }

  /** The titles on screen, top to bottom. */
  titles() {
    return this.page.getByTestId("title").allTextContents();
  }

  /** The row with this title. */
  todo(title) {
    const named = this.page.getByTestId("title").getByText(title, { exact: true });
    return this.page.getByTestId("todo").filter({ has: named });
  }

  /** The row with this title in this state: `pending`, `accepted`, `confirmed` or `rejected`. */
  async shows(title, state) {
    await this.todo(title).and(this.page.locator(state ? `[data-state="${state}"]` : "*")).waitFor();
  }

  async showsNo(title) {
    await this.todo(title).waitFor({ state: "detached" });
  }

  async add(title) {
    await this.page.getByTestId("new-title").fill(title);
    await this.page.getByTestId("add").click();
  }

  async rename(title, to) {
    const id = await this.todo(title).getAttribute("data-id");
    const row = this.page.locator(`[data-testid="todo"][data-id="${id}"]`);
    await row.getByTestId("title").click();
    await row.getByTestId("edit-input").fill(to);
    await row.getByTestId("edit-input").press("Enter");
  }

  async tick(title) {
    await this.todo(title).getByTestId("toggle").click();
  }

  async delete(title) {
    await this.todo(title).getByTestId("delete").click();
  }

  async goOffline() {
    await this.page.getByTestId("offline").check();
    await this.shownPhase("Offline");
  }

  async goOnline() {
    await this.page.getByTestId("offline").uncheck();
  }

  /** Waits until the header says this. */
  async shownPhase(text) {
    await this.page.getByTestId("phase").getByText(text, { exact: true }).waitFor();
  }

  /** Waits until the header counts this many unconfirmed transactions. */
  async shownPending(count) {
    await this.page.getByTestId("pending-count").getByText(String(count), { exact: true }).waitFor();
  }

  /** Waits until all is sent and came back, and is on screen. */
  async settled() {
    await this.shownPhase("Live");
    await this.shownPending(0);
    // Live results that were on their way come before the answer.
    await this.query("SELECT 1");
  }

  /** Rows of a query, by the page's own database. */
  query(sql, params = []) {
    return this.page.evaluate(([text, values]) => globalThis.db.query(text, values), [sql, params]);
  }
}
